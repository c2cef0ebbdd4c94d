//! Age: jobs that have waited for long go before more urgent ones, in the queues that say so.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::Meta;
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::queue::{Aging, aged};
use windlass_core::time::{Timestamp, micros};

use crate::row::{Id, all, run};

/// Whether the jobs of any queue age.
pub(crate) const HAS_AGINGS: &str = "select exists (select 1 from windlass_queue_age)";
const AGINGS: &str = "select a.queue, a.every, c.level, c.line_level, c.line \
     from windlass_queue_age a left join windlass_age_cursor c on c.queue = a.queue \
     where not exists (select 1 from windlass_queue q where q.name = a.queue and q.paused_at is not null \
                         and coalesce(q.paused_until > ?1, 1)) order by a.queue";
/// The next priority, and since when its oldest job waits.
const LEVEL: &str = "select priority, run_at from windlass_pending \
     where queue = ?1 and state = 2 and line is null and priority > ?2 order by priority, run_at limit 1";
/// The nearest priority before one, and when its newest job came.
const BEFORE: &str = "select priority, run_at from windlass_pending \
     where queue = ?1 and state = 2 and line is null and priority < ?2 order by priority desc, run_at desc limit 1";
const FRONT: &str = "select id, priority, run_at, meta from windlass_pending \
     where queue = ?1 and state = 2 and line is null and priority = ?2 and run_at <= ?3 order by run_at limit ?4";
const NEXT_LINE: &str = "select priority, line from windlass_pending \
     where queue = ?1 and state = 2 and line is not null and (priority, line) > (?2, ?3) order by priority, line limit 1";
const LINE: &str = "select id, priority, run_at, meta from windlass_pending \
     where queue = ?1 and state = 2 and line is not null and priority = ?2 and line = ?3 \
     order by (attempt = 0), created_at, id limit ?4";
const RAISE: &str = "update windlass_pending set priority = ?2, \
     meta = json_set(coalesce(meta, '{}'), '$.aged', coalesce(meta ->> '$.aged', priority)) where id = ?1 and state = 2";
const MOVE_CURSOR: &str = "insert into windlass_age_cursor (queue, level, line_level, line) values (?1, ?2, ?3, ?4) \
     on conflict (queue) do update set level = excluded.level, line_level = excluded.line_level, line = excluded.line";

/// Jobs raised in a round over one queue.
const MOST: usize = SWEEP_JOBS;
/// Priorities that a round looks at, and lines.
const STEPS: usize = 500;
/// Priorities that are looked at in search of one with a job that came later.
const STEPS_BEFORE: usize = 100;
/// The first jobs of a queue, and of each line, rise without a look at what is before them.
const SENIORS: usize = 10;
/// Before every priority.
const START: i64 = i16::MIN as i64 - 1;

/// Whether a round would write something.
pub(crate) fn is_due(connection: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    Ok(rounds(connection, now)?.iter().any(|round| !round.raised.is_empty() || round.has_moved()))
}

/// One round over all queues whose jobs age; how many were raised.
pub(crate) fn age(connection: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let mut raised = 0;
    for round in rounds(connection, now)? {
        for (id, priority) in &round.raised {
            raised += run(connection, RAISE, params![id, priority])? as u64;
        }
        if round.has_moved() {
            let Cursor { level, line } = &round.ended_at;
            let line = line.as_ref();
            let (line_level, line) = (line.map(|line| line.0), line.map(|line| &line.1));
            run(connection, MOVE_CURSOR, params![round.aging.queue, level, line_level, line])?;
        }
    }
    Ok(raised)
}

/// How far the rounds over a queue have come; nothing where the next one begins at the front.
#[derive(Default, PartialEq, Eq)]
struct Cursor {
    level: Option<i64>,
    line: Option<(i64, String)>,
}

/// What one round does with a queue.
struct Round<'c> {
    connection: &'c Connection,
    now: Timestamp,
    aging: Aging,
    began_at: Cursor,
    ended_at: Cursor,
    raised: Vec<(Id, i16)>,
}

fn rounds(connection: &Connection, now: Timestamp) -> Result<Vec<Round<'_>>, StoreError> {
    let agings = all(connection, AGINGS, [now.as_micros()], |row| {
        let aging = Aging::stored(row.get(0)?, row.get(1)?);
        let line = row.get::<_, Option<i64>>(3)?.zip(row.get(4)?);
        Ok((aging, Cursor { level: row.get(2)?, line }))
    })?;
    let mut rounds = Vec::with_capacity(agings.len());
    for (aging, began_at) in agings {
        let (ended_at, raised) = (Cursor::default(), Vec::new());
        let mut round = Round { connection, now, aging, began_at, ended_at, raised };
        round.look_at_front()?;
        round.look_at_levels()?;
        round.look_at_lines()?;
        rounds.push(round);
    }
    Ok(rounds)
}

impl Round<'_> {
    fn has_moved(&self) -> bool {
        self.began_at != self.ended_at
    }

    /// The first jobs rise by the clock alone: more urgent ones may come and go between two looks.
    fn look_at_front(&mut self) -> Result<(), StoreError> {
        let Some((first, _)) = self.level(LEVEL, START)? else { return Ok(()) };
        self.raise(first, (first - 1, i64::MAX), SENIORS)
    }

    /// Jobs rise where that brings them before jobs that came later.
    fn look_at_levels(&mut self) -> Result<(), StoreError> {
        let mut at = self.began_at.level.unwrap_or(START);
        for _ in 0..STEPS {
            let Some((level, oldest)) = self.level(LEVEL, at)? else {
                self.ended_at.level = None;
                return Ok(());
            };
            if let Some((passed, newest)) = self.passed(level, oldest)? {
                let most = MOST.saturating_sub(self.raised.len());
                self.raise(level, (passed, newest - 1), most)?;
            }
            at = level;
            self.ended_at.level = Some(at);
            if self.raised.len() >= MOST {
                break;
            }
        }
        Ok(())
    }

    fn look_at_lines(&mut self) -> Result<(), StoreError> {
        let (mut level, mut line) = self.began_at.line.clone().unwrap_or((START, String::new()));
        let most = self.raised.len() + MOST;
        for _ in 0..STEPS {
            let binds = params![self.aging.queue, level, line];
            let next =
                all(self.connection, NEXT_LINE, binds, |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.ended_at.line = next.into_iter().next();
            let Some((at, of)) = self.ended_at.line.clone() else { break };
            (level, line) = (at, of);
            let queue = self.aging.queue.clone();
            self.raise_of(LINE, params![queue, level, line, SENIORS as i64], level - 1)?;
            if self.raised.len() >= most {
                break;
            }
        }
        Ok(())
    }

    fn level(&self, sql: &str, from: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let binds = params![self.aging.queue, from];
        let found = all(self.connection, sql, binds, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.into_iter().next())
    }

    /// The nearest priority before this one that has a job which came later, and when its newest came.
    fn passed(&self, mut level: i64, since: i64) -> Result<Option<(i64, i64)>, StoreError> {
        for _ in 0..STEPS_BEFORE {
            match self.level(BEFORE, level)? {
                Some((before, newest)) if newest > since => return Ok(Some((before, newest))),
                Some((before, _)) => level = before,
                None => break,
            }
        }
        Ok(None)
    }

    /// Raises the first jobs of a priority that have waited long enough for another, and came until a moment.
    fn raise(
        &mut self,
        level: i64,
        (target, came_until): (i64, i64),
        most: usize,
    ) -> Result<(), StoreError> {
        let waited = micros(self.aging.every).saturating_mul(level - target);
        let came_until = came_until.min(self.now.as_micros().saturating_sub(waited));
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let queue = self.aging.queue.clone();
        self.raise_of(FRONT, params![queue, level, came_until, most], target)
    }

    fn raise_of(
        &mut self,
        sql: &str,
        binds: &[&dyn rusqlite::ToSql],
        target: i64,
    ) -> Result<(), StoreError> {
        let waiting = all(self.connection, sql, binds, |row| {
            let meta = Meta::from_stored(row.get::<_, Option<String>>(3)?.as_deref());
            let own = meta.aged.unwrap_or(row.get(1)?);
            Ok((row.get::<_, Id>(0)?, own, Timestamp::from_micros(row.get(2)?)))
        })?;
        for (id, own, since) in waiting {
            let priority = aged(own, self.now.since(since), self.aging.every);
            if i64::from(priority) <= target {
                self.raised.push((id, priority));
            }
        }
        Ok(())
    }
}
