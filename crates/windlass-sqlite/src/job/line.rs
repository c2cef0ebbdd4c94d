//! Lines: jobs that stand in line are picked in turns, as far as their gates let them through.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::{ClaimRequest, Claimed, WhenDead};
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::time::Timestamp;

use crate::error::store_error;
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
const CURSOR: &str = "select line from windlass_line_cursor where queue = ?1 and priority = ?2";
const MOVE_CURSOR: &str = "insert into windlass_line_cursor (queue, priority, line) values (?1, ?2, ?3) \
     on conflict (queue, priority) do update set line = excluded.line";

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
/// Rounds of looks at the lines of one priority, those of a claim that has nothing yet, and those at a queue.
const ROUNDS: usize = 8;
const EMPTY_ROUNDS: usize = 24;
const ALL_ROUNDS: usize = 48;
/// Lines looked at in one round, beside as many as are wanted.
const MORE_LINES: usize = 64;
/// Jobs of a line that are looked at for such as the worker knows, beside those that are wanted.
const UNKNOWN: usize = 500;
/// The column behind those of a claimed job.
const STATE: usize = 17;

/// What is still wanted.
pub(crate) struct Wanted {
    pub(crate) jobs: usize,
    pub(crate) bytes: usize,
    /// Whether nothing was taken yet: then one job may be larger than all may be.
    pub(crate) is_whole: bool,
}

/// How many jobs of a queue are wanted, and the priorities of those found that stand in no line, in their order.
pub(crate) struct Beside<'a> {
    pub(crate) jobs: usize,
    pub(crate) plain: &'a [i16],
    /// 1 where the odd job is one that stands in no line.
    pub(crate) odd: usize,
}

impl Beside<'_> {
    /// How many may come out of lines at this priority, where so many have: jobs that stand in none come first where their
    /// priority is smaller, and have half where it is the same.
    fn part(&self, level: i64, taken: usize) -> usize {
        let before = self.plain.partition_point(|priority| i64::from(*priority) < level);
        let alike = self.plain.partition_point(|priority| i64::from(*priority) <= level) - before;
        let rest = self.jobs.saturating_sub(taken + before);
        rest - alike.min((rest + self.odd) / 2)
    }
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

    /// Who has the odd job is left to chance.
    pub(crate) fn odd(&self) -> usize {
        usize::from(self.request.lease.as_uuid().as_bytes()[15] % 2)
    }

    /// Writes what is left of the rates.
    pub(crate) fn end(self) -> Result<(), StoreError> {
        self.gates.end()
    }

    /// Jobs of one queue that stand in line. Lines with jobs of a smaller priority come first.
    pub(crate) fn pick(
        &mut self,
        queue: &str,
        beside: &Beside<'_>,
        known: &mut Known<'_>,
        wanted: &mut Wanted,
    ) -> Result<Vec<Arc<Claimed>>, StoreError> {
        let mut picked = Vec::new();
        if !self.gates.queue_is_open(queue)? {
            return Ok(picked);
        }
        if self.has_rules {
            self.stand_in_line(queue)?;
        }
        if one::<i64>(self.connection, ANY, [queue])?.is_none() {
            return Ok(picked);
        }
        self.blocks = one::<i64>(self.connection, BLOCKS, [])?.is_some();
        self.lanes.extend(all(self.connection, BUSY, [], |row| row.get(0))?);
        let mut level = i64::from(i16::MIN) - 1;
        let mut rounds = ALL_ROUNDS;
        while rounds > 0 && wanted.bytes > 0 && self.gates.queue_is_open(queue)? {
            let next: Option<Option<i64>> =
                one(self.connection, NEXT_LEVEL, params![queue, level])?;
            let Some(next) = next.flatten() else { break };
            level = next;
            wanted.jobs = beside.part(level, picked.len());
            if wanted.jobs == 0 {
                break;
            }
            picked.extend(self.pick_level((queue, level), known, wanted, &mut rounds)?);
        }
        Ok(picked)
    }

    /// Jobs of one queue and priority that stand in line.
    fn pick_level(
        &mut self,
        (queue, level): (&str, i64),
        known: &mut Known<'_>,
        wanted: &mut Wanted,
        rounds: &mut usize,
    ) -> Result<Vec<Arc<Claimed>>, StoreError> {
        let mut picked: Vec<Arc<Claimed>> = Vec::new();
        let cursor: Option<String> = one(self.connection, CURSOR, params![queue, level])?;
        let cursor = cursor.unwrap_or_default();
        let mut walk = Walk::from(&cursor);
        let mut last = None;
        let most = if wanted.is_whole { EMPTY_ROUNDS } else { ROUNDS };
        for _ in 0..most.min(*rounds) {
            *rounds -= 1;
            let lines = self.lines((queue, level), &mut walk, wanted.jobs + MORE_LINES)?;
            let Some(looked_at) = lines.last().cloned() else { break };
            let turns = self.turns((queue, level), lines, known, wanted.jobs)?;
            let taken = self.take(turns, wanted)?;
            let is_enough = wanted.jobs == 0 || wanted.bytes == 0;
            let turn = taken.last().and_then(|job| job.meta.line.as_deref());
            last = Some(match turn.filter(|_| is_enough) {
                // A space comes behind the separator: the lines of one turn's key, if all were looked at, have had their turn.
                Some(line) if walk.is_over || turn_of(line) != turn_of(&looked_at) => {
                    format!("{} ", turn_of(line))
                }
                Some(line) => line.to_owned(),
                None => looked_at,
            });
            picked.extend(taken);
            if is_enough || walk.is_over || !self.gates.queue_is_open(queue)? {
                break;
            }
        }
        if let Some(last) = last.filter(|last| *last != cursor) {
            run(self.connection, MOVE_CURSOR, params![queue, level, last])?;
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
            let first = if self.lanes.contains(&line)
                || kind_of(&line).is_some_and(|kind| {
                    !known.knows(kind)
                        || !self.gates.kind_is_open(kind)
                        || !self.gates.queue_has_place(queue, kind)
                }) {
                None
            } else if is_lane(&line) {
                self.head(&line, queue)?
            } else {
                self.waiting((queue, level), &line, known, 1)?.into_iter().next()
            };
            let Some(first) = first.filter(|job| known.may_start(job)) else { continue };
            let passing = self.gates.of(&first)?;
            if self.gates.let_through(&passing, &first) {
                let weight = first.meta.fair.as_ref().map_or(1, |fair| fair.jobs_a_turn()).into();
                turns.push(Turn { line, jobs: vec![(first, passing.into())], weight });
            }
        }
        // The lines of one turn's key have one part together, of which each may have all.
        let weights: usize = turns
            .chunk_by(|one, next| turn_of(&one.line) == turn_of(&next.line))
            .filter_map(|lines| lines.first())
            .map(|turn| turn.weight)
            .sum();
        for turn in &mut turns {
            let part = (wanted * turn.weight).div_ceil(weights).max(turn.weight);
            if part > 1 && !is_lane(&turn.line) {
                let passing = turn.jobs.first().map(|(_, passing)| Arc::clone(passing));
                let jobs = self.waiting((queue, level), &turn.line, known, part)?;
                turn.jobs = jobs.into_iter().zip(passing.into_iter().cycle()).collect();
            }
        }
        Ok(together(turns))
    }

    /// The first job of a lane, where it can begin now and on this queue.
    fn head(&self, line: &str, queue: &str) -> Result<Option<Claimed>, StoreError> {
        const KEPT: &str = "select 1 from windlass_passed where gate = ?1 and job <> ?2";
        let sql = format!(
            "select {CLAIMED}, state from windlass_pending where line = ?1 and line >= 'l' and line < 'm' \
             order by (abs(state) = 1 and attempt = 0), (attempt = 0), created_at, id limit 1"
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
             order by (attempt = 0), created_at, id"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(store_error)?;
        let mut rows = statement.query(params![queue, level, line]).map_err(store_error)?;
        let mut jobs = Vec::with_capacity(most);
        for _ in 0..most + UNKNOWN {
            let Some(row) = rows.next().map_err(store_error)? else { break };
            jobs.extend(
                Some(claimed(row, 0).map_err(store_error)?).filter(|job| known.may_start(job)),
            );
            if jobs.len() == most {
                break;
            }
        }
        Ok(jobs)
    }

    /// Gives jobs at the front of a queue a place in line, where a limit that was set for the queue or for their kind lets
    /// something through.
    fn stand_in_line(&mut self, queue: &str) -> Result<(), StoreError> {
        let (kinds, whole) = limited_kinds(self.connection, queue)?;
        let mut open = HashSet::new();
        for kind in kinds {
            if self.gates.ask_kind(&kind)? {
                open.insert(kind);
            }
        }
        if whole || !open.is_empty() {
            stand_in_line(self.connection, queue, |kind| whole || open.contains(kind))?;
        }
        Ok(())
    }

    /// One turn of each line after the other, until there is enough.
    fn take(
        &mut self,
        turns: Vec<Turn>,
        wanted: &mut Wanted,
    ) -> Result<Vec<Arc<Claimed>>, StoreError> {
        let mut taken: Vec<Arc<Claimed>> = Vec::new();
        let mut turns: Vec<_> =
            turns.into_iter().map(|turn| (turn.weight, turn.jobs.into_iter())).collect();
        while !turns.is_empty() {
            let mut again = Vec::with_capacity(turns.len());
            for (weight, mut jobs) in turns {
                let mut left = weight;
                while left > 0
                    && let Some((job, passing)) = jobs.next()
                {
                    let size = job.args.as_str().len();
                    let fits = size <= wanted.bytes || wanted.is_whole;
                    if wanted.jobs == 0 || !fits {
                        return Ok(taken);
                    }
                    if self.gates.let_through(&passing, &job) {
                        self.pass(&passing, &job)?;
                        left -= 1;
                        wanted.jobs -= 1;
                        wanted.is_whole = false;
                        wanted.bytes = wanted.bytes.saturating_sub(size);
                        taken.push(Arc::new(job));
                    }
                }
                if jobs.len() > 0 {
                    again.push((weight, jobs));
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

/// A line whose turn it is, and the gates in front of its jobs.
struct Turn {
    line: String,
    jobs: Vec<(Claimed, Arc<[String]>)>,
    weight: usize,
}

/// The lines of one turn's key, which follow each other, as one: they have its turns together.
fn together(turns: Vec<Turn>) -> Vec<Turn> {
    let mut merged: Vec<Turn> = Vec::with_capacity(turns.len());
    for turn in turns {
        match merged.last_mut().filter(|last| turn_of(&last.line) == turn_of(&turn.line)) {
            Some(last) => {
                last.jobs.extend(turn.jobs);
                last.jobs.sort_by_key(|(job, _)| (job.attempt == 1, job.created_at, job.id));
            }
            None => merged.push(turn),
        }
    }
    merged
}

/// What the lines of one turn's key and kind have in common; other lines have a turn each.
fn turn_of(line: &str) -> &str {
    if is_lane(line) || line.starts_with("s\u{1f}") {
        return line;
    }
    line.match_indices('\u{1f}').nth(1).map_or(line, |(end, _)| &line[..end])
}

fn is_lane(line: &str) -> bool {
    line.starts_with('l')
}

/// The kind of a line's jobs, where it is not a lane.
fn kind_of(line: &str) -> Option<&str> {
    if is_lane(line) { None } else { line.split('\u{1f}').nth(1) }
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

const STAND: &str = "update windlass_pending set meta = json_set(coalesce(meta, '{}'), '$.line', ?2), line = ?2 where id = ?1";

/// Gives a job without a line a place in that of its kind.
fn stand(connection: &Connection, id: Id, kind: &str) -> Result<usize, StoreError> {
    let line = format!("s\u{1f}{kind}\u{1f}\u{1f}\u{1f}\u{1f}");
    run(connection, STAND, params![id, line])
}

/// Gives such jobs at the front of a queue a place in line, a bounded number.
fn stand_in_line(
    connection: &Connection,
    queue: &str,
    stands: impl Fn(&str) -> bool,
) -> Result<(), StoreError> {
    const WAITING: &str = "select id, kind from windlass_pending where queue = ?1 and state = 2 and line is null \
         order by priority, run_at limit 2000";
    const MOST: usize = 500;
    let front = all(connection, WAITING, [queue], |row| {
        Ok((row.get::<_, Id>(0)?, row.get::<_, String>(1)?))
    })?;
    for (id, kind) in front.into_iter().filter(|(_, kind)| stands(kind)).take(MOST) {
        stand(connection, id, &kind)?;
    }
    Ok(())
}

/// The queues with available jobs that have no line, from one to the next in the index.
pub(crate) fn plain_queues(connection: &Connection) -> Result<Vec<String>, StoreError> {
    const QUEUES: &str = "with recursive plain(queue) as ( \
           select min(queue) from windlass_pending where state = 2 and line is null \
           union all \
           select (select min(p.queue) from windlass_pending p where p.state = 2 and p.line is null and p.queue > plain.queue) \
           from plain where plain.queue is not null) \
         select queue from plain where queue is not null";
    all(connection, QUEUES, [], |row| row.get(0))
}

/// The same for all queues and limits, for the sweep: claims would walk over what limits keep back, and look only so far
/// for it. Each call looks at the next jobs of each queue. How many got a place.
pub(crate) fn stand_aside(connection: &Connection) -> Result<usize, StoreError> {
    let mut stood = 0;
    if one::<i64>(connection, RULES, [])?.is_some() {
        for queue in plain_queues(connection)? {
            stood += stand_aside_of(connection, &queue)?;
        }
    }
    Ok(stood)
}

fn stand_aside_of(connection: &Connection, queue: &str) -> Result<usize, StoreError> {
    const BEGAN: &str = "select priority, run_at from windlass_aside_walk where queue = ?1";
    const NEXT: &str = "select id, kind, priority, run_at from windlass_pending \
         where queue = ?1 and state = 2 and line is null and (priority, run_at) > (?2, ?3) \
         order by priority, run_at limit 10000";
    const WALK_ON: &str =
        "insert or replace into windlass_aside_walk (queue, priority, run_at) values (?1, ?2, ?3)";
    const OVER: &str = "delete from windlass_aside_walk where queue = ?1";
    const LOOKED_AT: usize = 10_000;
    let (kinds, whole) = limited_kinds(connection, queue)?;
    let began = all(connection, BEGAN, [queue], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (priority, run_at): (i64, i64) =
        began.into_iter().next().unwrap_or((i64::from(i16::MIN) - 1, 0));
    let next = all(connection, NEXT, params![queue, priority, run_at], |row| {
        let at: (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok((row.get::<_, Id>(0)?, row.get::<_, String>(1)?, at))
    })?;
    let is_over = next.len() < LOOKED_AT;
    let (mut stood, mut last) = (0, (priority, run_at));
    for (id, kind, at) in next {
        if stood == SWEEP_JOBS {
            run(connection, WALK_ON, params![queue, last.0, last.1])?;
            return Ok(stood);
        }
        if whole || kinds.contains(&kind) {
            stood += stand(connection, id, &kind)?;
        } else {
            last = at;
        }
    }
    if is_over {
        run(connection, OVER, [queue])?;
    } else {
        run(connection, WALK_ON, params![queue, last.0, last.1])?;
    }
    Ok(stood)
}
