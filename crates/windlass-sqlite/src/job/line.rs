//! Lines: jobs that stand in line are picked in turns, as far as their gates let them through.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::{ClaimRequest, Claimed, Share, WhenDead};
use windlass_core::time::Timestamp;

use crate::job::claim::Known;
use crate::job::gate::{Gates, note};
use crate::row::{CLAIMED, Id, all, claimed, one, run};

const ANY: &str =
    "select 1 from windlass_pending where queue = ?1 and state = 2 and line is not null limit 1";
const RULES: &str = "select 1 from windlass_limit_rule where scope < 2 limit 1";
const BLOCKS: &str = "select 1 from windlass_permit where blocks limit 1";
const NEXT_LEVEL: &str = "select min(priority) from windlass_pending \
     where queue = ?1 and state = 2 and line is not null and priority > ?2";
const NEXT_LINE: &str = "select line from windlass_pending \
     where queue = ?1 and state = 2 and line is not null and priority = ?2 and line > ?3 order by line limit 1";
const CURSOR: &str = "select line from windlass_line_cursor where queue = ?1";
const MOVE_CURSOR: &str = "insert into windlass_line_cursor (queue, line) values (?1, ?2) \
     on conflict (queue) do update set line = excluded.line";
/// Jobs of a queue looked at for a limit that was set for it or for their kind.
const FRONT: i64 = 2_000;

/// A claim of jobs in line.
pub(crate) struct Picking<'a, 'c> {
    pub(crate) connection: &'c Connection,
    request: &'a ClaimRequest,
    gates: Gates<'c>,
    /// Lanes with a job that runs, or that give theirs to this claim.
    lanes: HashSet<String>,
    /// Whether a dead job may block a lane.
    blocks: bool,
    /// Whether a limit is set for a queue or a kind.
    has_rules: bool,
}

/// Lanes with a job that runs.
const BUSY: &str = "select m.gate from windlass_permit m \
     join windlass_pending p on p.id = m.job and p.lease = m.lease and p.state = 4 \
     where m.gate >= 'l' and m.gate < 'm'";
/// Rounds of looks at the lines of one priority.
const ROUNDS: usize = 8;
/// The column behind those of a claimed job.
const STATE: usize = 17;

/// What is still wanted.
pub(crate) struct Wanted {
    pub(crate) jobs: usize,
    pub(crate) bytes: usize,
}

impl<'a, 'c> Picking<'a, 'c> {
    pub(crate) fn new(
        connection: &'c Connection,
        request: &'a ClaimRequest,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let has_rules = one::<i64>(connection, RULES, [])?.is_some();
        let (gates, lanes) = (Gates::new(connection, now), HashSet::new());
        Ok(Self { connection, request, gates, lanes, blocks: false, has_rules })
    }

    /// The kinds for which a limit is set, and whether one is set for the queue: their jobs are to stand in line.
    pub(crate) fn ruled(&self, queue: &str) -> Result<(HashSet<String>, bool), StoreError> {
        if self.has_rules { limited_kinds(self.connection, queue) } else { Ok(Default::default()) }
    }

    /// Writes what is left of the rates.
    pub(crate) fn end(self) -> Result<(), StoreError> {
        self.gates.end()
    }

    /// Jobs of one queue that stand in line, at most so many. Lines with jobs of a smaller priority come first.
    pub(crate) fn pick(
        &mut self,
        share: &Share,
        known: &mut Known<'_>,
        wanted: &mut Wanted,
    ) -> Result<Vec<Arc<Claimed>>, StoreError> {
        let mut picked = Vec::new();
        if self.has_rules {
            stand_in_line(self.connection, &share.queue)?;
        }
        if one::<i64>(self.connection, ANY, [&share.queue])?.is_none() {
            return Ok(picked);
        }
        self.blocks = one::<i64>(self.connection, BLOCKS, [])?.is_some();
        let cursor: Option<String> = one(self.connection, CURSOR, [&share.queue])?;
        let cursor = cursor.unwrap_or_default();
        self.lanes.extend(all(self.connection, BUSY, [], |row| row.get(0))?);
        let mut last = None;
        let mut level = i64::from(i16::MIN) - 1;
        while wanted.jobs > 0 && self.gates.queue_is_open(&share.queue)? {
            let next: Option<Option<i64>> =
                one(self.connection, NEXT_LEVEL, params![share.queue, level])?;
            let Some(next) = next.flatten() else { break };
            level = next;
            let mut walk = Walk::from(&cursor);
            for _ in 0..ROUNDS {
                let lines = self.lines((&share.queue, level), &mut walk, wanted.jobs + 16)?;
                let Some(looked_at) = lines.last().cloned() else { break };
                let turns = self.turns((&share.queue, level), lines, known, wanted.jobs)?;
                let taken = self.take(turns, wanted)?;
                let turn = taken.last().and_then(|job| job.meta.line.clone());
                last = turn.or(last).or(Some(looked_at));
                picked.extend(taken);
                if wanted.jobs == 0 || wanted.bytes == 0 || walk.is_over {
                    break;
                }
            }
        }
        if let Some(last) = last.filter(|last| *last != cursor) {
            run(self.connection, MOVE_CURSOR, params![share.queue, last])?;
        }
        Ok(picked)
    }

    /// The next lines with jobs of a priority, so many at most.
    fn lines(
        &self,
        (queue, level): (&str, i64),
        walk: &mut Walk<'_>,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut lines: Vec<String> = Vec::new();
        while lines.len() < most && !walk.is_over {
            let next: Option<String> =
                one(self.connection, NEXT_LINE, params![queue, level, walk.after])?;
            lines.extend(walk.step(next));
        }
        Ok(lines)
    }

    /// The jobs of each line that may be claimed, as many as its part of what is wanted.
    fn turns(
        &mut self,
        (queue, level): (&str, i64),
        lines: Vec<String>,
        known: &mut Known<'_>,
        wanted: usize,
    ) -> Result<Vec<Turn>, StoreError> {
        let mut turns: Vec<Turn> = Vec::new();
        for line in lines {
            let first = if self.lanes.contains(&line) {
                None
            } else if is_lane(&line) {
                self.head(&line, queue)?
            } else {
                self.waiting((queue, level), &line, known, 1)?.into_iter().next()
            };
            let Some(first) = first.filter(|job| known.may_start(job)) else { continue };
            let passing = self.gates.of(&first)?;
            if self.gates.let_through(&passing, &first) {
                let weight = first.meta.fair.as_ref().map_or(1, |fair| fair.jobs_a_turn());
                turns.push(Turn { line, jobs: vec![first], gates: passing, weight: weight.into() });
            }
        }
        let weights: usize = turns.iter().map(|turn| turn.weight).sum();
        for turn in &mut turns {
            let part = (wanted * turn.weight).div_ceil(weights).max(turn.weight);
            if part > 1 && !is_lane(&turn.line) {
                turn.jobs = self.waiting((queue, level), &turn.line, known, part)?;
            }
        }
        Ok(turns)
    }

    /// The first job of a lane, where it can begin now and on this queue.
    fn head(&self, line: &str, queue: &str) -> Result<Option<Claimed>, StoreError> {
        const KEPT: &str = "select 1 from windlass_passed where gate = ?1 and job <> ?2";
        let sql = format!(
            "select {CLAIMED}, state from windlass_pending where line = ?1 and line >= 'l' and line < 'm' \
             order by (state = 1 and attempt = 0), (attempt = 0), created_at, id limit 1"
        );
        let first = all(self.connection, &sql, [line], |row| {
            Ok((claimed(row, 0)?, row.get::<_, i16>(STATE)?))
        })?;
        let Some((job, 2)) = first.into_iter().next() else { return Ok(None) };
        let kept = || one::<i64>(self.connection, KEPT, params![line, Id::from(job.id)]);
        if job.queue != queue || (self.blocks && kept()?.is_some()) {
            return Ok(None);
        }
        Ok(Some(job))
    }

    /// The first jobs of a line that is not a lane.
    fn waiting(
        &self,
        (queue, level): (&str, i64),
        line: &str,
        known: &mut Known<'_>,
        most: usize,
    ) -> Result<Vec<Claimed>, StoreError> {
        let sql = format!(
            "select {CLAIMED} from windlass_pending \
             where queue = ?1 and state = 2 and line is not null and priority = ?2 and line = ?3 \
             order by (attempt = 0), created_at, id limit ?4"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let jobs =
            all(self.connection, &sql, params![queue, level, line, most], |row| claimed(row, 0))?;
        Ok(jobs.into_iter().filter(|job| known.may_start(job)).collect())
    }

    /// One turn of each line after the other, until there is enough.
    fn take(
        &mut self,
        turns: Vec<Turn>,
        wanted: &mut Wanted,
    ) -> Result<Vec<Arc<Claimed>>, StoreError> {
        let mut taken: Vec<Arc<Claimed>> = Vec::new();
        let mut turns: Vec<_> = turns
            .into_iter()
            .map(|turn| (turn.gates, turn.weight, turn.jobs.into_iter()))
            .collect();
        while !turns.is_empty() {
            let mut again = Vec::with_capacity(turns.len());
            for (passing, weight, mut jobs) in turns {
                for job in jobs.by_ref().take(weight) {
                    let size = job.args.as_str().len();
                    let fits = size <= wanted.bytes || taken.is_empty();
                    if wanted.jobs == 0 || !fits {
                        return Ok(taken);
                    }
                    if self.gates.let_through(&passing, &job) {
                        self.pass(&passing, &job)?;
                        wanted.jobs -= 1;
                        wanted.bytes = wanted.bytes.saturating_sub(size);
                        taken.push(Arc::new(job));
                    }
                }
                if jobs.len() > 0 {
                    again.push((passing, weight, jobs));
                }
            }
            turns = again;
        }
        Ok(taken)
    }

    fn pass(&mut self, passing: &[String], job: &Claimed) -> Result<(), StoreError> {
        let lease = self.request.lease;
        if let (Some(lane), Some(line)) = (&job.meta.lane, &job.meta.line) {
            self.lanes.insert(line.clone());
            let blocks = lane.when_dead() == WhenDead::Block;
            note(self.connection, line, (job.id, lease), blocks)?;
        }
        self.gates.pass(passing, job, lease)
    }
}

/// A walk over lines in the order of their turns: those after the cursor, then from the first up to it.
struct Walk<'a> {
    cursor: &'a str,
    after: String,
    from_first: bool,
    is_over: bool,
}

impl<'a> Walk<'a> {
    fn from(cursor: &'a str) -> Self {
        Self { cursor, after: cursor.to_owned(), from_first: cursor.is_empty(), is_over: false }
    }

    /// The line, where it is still to be looked at.
    fn step(&mut self, next: Option<String>) -> Option<String> {
        let is_seen = |line: &String| {
            self.from_first && !self.cursor.is_empty() && line.as_str() > self.cursor
        };
        match next.filter(|line| !is_seen(line)) {
            Some(line) => {
                self.after.clone_from(&line);
                Some(line)
            }
            None if self.from_first => {
                self.is_over = true;
                None
            }
            None => {
                self.from_first = true;
                self.after.clear();
                None
            }
        }
    }
}

/// A line whose turn it is.
struct Turn {
    line: String,
    jobs: Vec<Claimed>,
    gates: Vec<String>,
    weight: usize,
}

fn is_lane(line: &str) -> bool {
    line.starts_with('l')
}

/// The kinds for which a limit was set, and whether one was set for the queue.
fn limited_kinds(
    connection: &Connection,
    queue: &str,
) -> Result<(HashSet<String>, bool), StoreError> {
    const KINDS: &str = "select name from windlass_limit_rule where scope = 1";
    const QUEUE: &str = "select 1 from windlass_limit_rule where scope = 0 and name = ?1";
    let kinds = all(connection, KINDS, [], |row| row.get(0))?.into_iter().collect();
    Ok((kinds, one::<i64>(connection, QUEUE, [queue])?.is_some()))
}

/// Gives jobs at the front of a queue a place in line, where a limit was set for the queue or their kind.
fn stand_in_line(connection: &Connection, queue: &str) -> Result<(), StoreError> {
    const WAITING: &str = "select id, kind from windlass_pending where queue = ?1 and state = 2 and line is null \
         order by priority, run_at limit ?2";
    const STAND: &str = "update windlass_pending set meta = json_set(coalesce(meta, '{}'), '$.line', ?2), line = ?2 where id = ?1";
    let (kinds, whole) = limited_kinds(connection, queue)?;
    if !whole && kinds.is_empty() {
        return Ok(());
    }
    let front = all(connection, WAITING, params![queue, FRONT], |row| {
        Ok((row.get::<_, Id>(0)?, row.get::<_, String>(1)?))
    })?;
    for (id, kind) in
        front.into_iter().filter(|(_, kind)| whole || kinds.contains(kind)).take(1_000)
    {
        run(connection, STAND, params![id, format!("s\u{1f}{kind}\u{1f}\u{1f}\u{1f}\u{1f}")])?;
    }
    Ok(())
}
