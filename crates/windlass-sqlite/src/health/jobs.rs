//! Jobs that may be a problem: that wait, fail, run or died.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::health::{Counted, Dead, Failing, Parked, Ready, RunningJob, Thresholds};
use windlass_core::id::JobId;
use windlass_core::limits::{ALERT_JOBS, LINES_LOOKED_AT, LOOKED_AT, NAMED};
use windlass_core::time::{Timestamp, micros};

use crate::lease::jobs_of;
use crate::row::{Id, all, one};

/// The queues and priorities of jobs that do not stand in line, one after the other.
const FIRST_LEVEL: &str = "select queue, priority from windlass_pending where state = 2 and line is null \
     order by queue, priority limit 1";
// A comparison of several columns at once would be answered by a walk over all rows of the place it begins at.
const NEXT_LEVEL: &str = "select * from (select queue, priority from windlass_pending \
       where state = 2 and line is null and queue = ?1 and priority > ?2 order by priority limit 1) \
     union all \
     select * from (select queue, priority from windlass_pending \
       where state = 2 and line is null and queue > ?1 order by queue, priority limit 1) limit 1";
const FRONT: &str = "select kind, run_at from windlass_pending \
     where queue = ?1 and priority = ?2 and state = 2 and line is null order by run_at limit ?3";
const FIRST_LINE: &str = "select queue, priority, line from windlass_pending where state = 2 and line is not null \
     order by queue, priority, line limit 1";
const NEXT_LINE: &str = "select * from (select queue, priority, line from windlass_pending \
       where state = 2 and line is not null and queue = ?1 and priority = ?2 and line > ?3 order by line limit 1) \
     union all \
     select * from (select queue, priority, line from windlass_pending \
       where state = 2 and line is not null and queue = ?1 and priority > ?2 order by priority, line limit 1) \
     union all \
     select * from (select queue, priority, line from windlass_pending \
       where state = 2 and line is not null and queue > ?1 order by queue, priority, line limit 1) limit 1";
const IN_LINE: &str = "select count(*), min(run_at) from (select run_at from windlass_pending \
     where queue = ?1 and priority = ?2 and line = ?3 and state = 2 and line is not null and run_at <= ?4 \
     order by (attempt = 0), created_at, id limit ?5)";
const NEXT_DUE: &str = "select state, kind, failures, id from windlass_pending where state in (1, 3) \
     order by run_at limit ?1";
const FIRST_PARKED: &str = "select kind, version, queue from windlass_pending where state = 0 \
     order by kind, version, queue limit 1";
// As above: one comparison for each column.
const NEXT_PARKED: &str = "select * from (select kind, version, queue from windlass_pending \
       where state = 0 and kind = ?1 and version = ?2 and queue > ?3 order by queue limit 1) \
     union all \
     select * from (select kind, version, queue from windlass_pending \
       where state = 0 and kind = ?1 and version > ?2 order by version, queue limit 1) \
     union all \
     select * from (select kind, version, queue from windlass_pending \
       where state = 0 and kind > ?1 order by kind, version, queue limit 1) limit 1";
const PARKED_OF: &str = "select count(*), min(run_at) from (select run_at from windlass_pending \
     where state = 0 and kind = ?1 and version = ?2 and queue = ?3 limit ?4)";
const LEASES: &str = "select id, worker, label, claimed_at from windlass_lease where claimed_at <= ?1 order by claimed_at";
const RUNS: &str = "select kind, queue, (select us from windlass_expected_run e where e.worker = ?3 and e.kind = p.kind) \
     from windlass_pending p where id = ?1 and lease = ?2 and state = 4";
const NEWEST_DEAD: &str = "select id, kind, finished_at from windlass_finished \
     where state in (6, 7) and state = 7 order by state desc, id desc limit ?1";

pub(super) const MOST: i64 = LOOKED_AT as i64;
const LINES: i64 = LINES_LOOKED_AT as i64;
pub(super) const FEW: i64 = NAMED as i64;
/// Lines with more than a few jobs that are counted on.
pub(super) const LONG: usize = 20;

/// Jobs that do not stand in line: the oldest of each queue and priority.
pub(super) fn ready(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Ready>, StoreError> {
    type Level = (String, i64);
    let level = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let mut ready = Vec::new();
    let mut found: Vec<Level> = all(connection, FIRST_LEVEL, [], level)?;
    for _ in 0..LINES_LOOKED_AT {
        let Some(here) = found.pop() else { break };
        ready.extend(front(connection, &here, thresholds, at)?);
        found = all(connection, NEXT_LEVEL, params![here.0, here.1], level)?;
    }
    Ok(ready)
}

fn front(
    connection: &Connection,
    (queue, priority): &(String, i64),
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Ready>, StoreError> {
    // Where no kind is muted, the first so many are all that can be told of.
    let looked_at = if thresholds.mute.is_empty() { LINES } else { MOST };
    let jobs = all(connection, FRONT, params![queue, priority, looked_at], |row| {
        Ok((row.get::<_, String>(0)?, Timestamp::from_micros(row.get(1)?)))
    })?;
    let counts = |(kind, due_at): &(String, Timestamp)| *due_at <= at && !thresholds.is_muted(kind);
    let jobs: Vec<_> = jobs.into_iter().filter(counts).take(LINES_LOOKED_AT).collect();
    let or_more = jobs.len() >= LINES_LOOKED_AT;
    let mut kinds: BTreeMap<String, (u64, Timestamp)> = BTreeMap::new();
    for (kind, due_at) in jobs {
        let (number, oldest) = kinds.entry(kind).or_insert((0, due_at));
        *number += 1;
        *oldest = (*oldest).min(due_at);
    }
    let ready = |(kind, (jobs, oldest_due_at))| Ready {
        queue: queue.clone(),
        kind,
        limit: None,
        jobs: Counted { jobs, or_more },
        oldest_due_at,
    };
    Ok(kinds.into_iter().map(ready).collect())
}

/// Jobs in lines that are not lanes, line by line. The parts of a line are s and a turn's key, the kind, the name of a limit,
/// its key, and so on.
pub(super) fn in_line(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Ready>, StoreError> {
    type Line = (String, i64, String);
    let line = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (mut ready, mut long) = (Vec::new(), 0);
    let mut found: Vec<Line> = all(connection, FIRST_LINE, [], line)?;
    for _ in 0..LINES_LOOKED_AT {
        let Some((queue, priority, line_here)) = found.pop() else { break };
        let is_lane = line_here.starts_with('l');
        let parts: Vec<&str> = line_here.split('\u{1f}').collect();
        let kind = parts.get(1).copied().unwrap_or_default();
        if !is_lane && !thresholds.is_muted(kind) {
            let here = params![queue, priority, line_here, at.as_micros(), FEW];
            let (mut jobs, oldest) = number_and_oldest(connection, here)?;
            let mut most = FEW;
            if jobs >= FEW && long < LONG {
                (long, most) = (long + 1, MOST);
                let here = params![queue, priority, line_here, at.as_micros(), MOST];
                jobs = number_and_oldest(connection, here)?.0;
            }
            ready.extend(oldest.map(|oldest_due_at| Ready {
                queue: queue.clone(),
                kind: kind.to_owned(),
                limit: parts.get(2).filter(|name| !name.is_empty()).map(|name| (*name).to_owned()),
                jobs: Counted::up_to(most.unsigned_abs(), jobs.unsigned_abs()),
                oldest_due_at,
            }));
        }
        // All lanes of a queue are passed over at once.
        let from = if is_lane { "m" } else { line_here.as_str() };
        found = all(connection, NEXT_LINE, params![queue, priority, from], line)?;
    }
    Ok(ready)
}

fn number_and_oldest(
    connection: &Connection,
    line: impl rusqlite::Params,
) -> Result<(i64, Option<Timestamp>), StoreError> {
    counted_and_oldest(connection, IN_LINE, line)
}

fn counted_and_oldest(
    connection: &Connection,
    sql: &str,
    binds: impl rusqlite::Params,
) -> Result<(i64, Option<Timestamp>), StoreError> {
    let found = all(connection, sql, binds, |row| {
        Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Timestamp::from_micros)))
    })?;
    Ok(found.into_iter().next().unwrap_or((0, None)))
}

/// Jobs that failed often and are to be tried again: those of the jobs that are due next.
pub(super) fn failing(
    connection: &Connection,
    thresholds: &Thresholds,
) -> Result<Vec<Failing>, StoreError> {
    let next = all(connection, NEXT_DUE, [MOST], |row| {
        Ok((row.get::<_, i16>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get::<_, Id>(3)?))
    })?;
    let or_more = next.len() as i64 >= MOST;
    let mut kinds: BTreeMap<String, Failing> = BTreeMap::new();
    let mut named: BTreeMap<String, Vec<(Reverse<u32>, JobId)>> = BTreeMap::new();
    for (state, kind, failures, id) in next {
        if state != 3 || failures < thresholds.failures || thresholds.is_muted(&kind) {
            continue;
        }
        let job = id.job();
        named.entry(kind.clone()).or_default().push((Reverse(failures), job));
        match kinds.entry(kind) {
            Entry::Vacant(free) => {
                let (kind, jobs) = (free.key().clone(), Counted { jobs: 1, or_more });
                free.insert(Failing { kind, jobs, failures, job, named: Vec::new() });
            }
            Entry::Occupied(mut there) => {
                let there = there.get_mut();
                there.jobs.jobs += 1;
                if (failures, there.job) > (there.failures, job) {
                    (there.failures, there.job) = (failures, job);
                }
            }
        }
    }
    let first = |(mut one, mut jobs): (Failing, Vec<(Reverse<u32>, JobId)>)| {
        jobs.sort_unstable();
        one.named = jobs.into_iter().take(ALERT_JOBS).map(|(_, job)| job).collect();
        one
    };
    Ok(kinds.into_values().zip(named.into_values()).map(first).collect())
}

/// Jobs that are out of the way, by kind, version and queue: a jump from one group to the next, and a look at the first jobs of
/// each.
pub(super) fn parked(
    connection: &Connection,
    thresholds: &Thresholds,
) -> Result<Vec<Parked>, StoreError> {
    type Group = (String, u16, String);
    let group = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let mut parked = Vec::new();
    let mut found: Vec<Group> = all(connection, FIRST_PARKED, [], group)?;
    for _ in 0..LINES_LOOKED_AT {
        let Some((kind, version, queue)) = found.pop() else { break };
        if !thresholds.is_muted(&kind) {
            let here = params![kind, version, queue, FEW];
            let (jobs, oldest) = counted_and_oldest(connection, PARKED_OF, here)?;
            parked.extend(oldest.map(|oldest_due_at| Parked {
                kind: kind.clone(),
                version,
                queue: queue.clone(),
                jobs: Counted::up_to(FEW.unsigned_abs(), jobs.unsigned_abs()),
                oldest_due_at,
            }));
        }
        found = all(connection, NEXT_PARKED, params![kind, version, queue], group)?;
    }
    Ok(parked)
}

/// Jobs that run for too long, the longest first.
pub(super) fn running(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<RunningJob>, StoreError> {
    const SHORTEST: &str = "select min(us) from windlass_expected_run";
    let shortest: Option<Option<i64>> = one(connection, SHORTEST, [])?;
    let longest = micros(thresholds.running);
    let shortest = shortest.flatten().map_or(longest, |shortest| shortest.min(longest));
    let leases = all(connection, LEASES, [at.as_micros().saturating_sub(shortest)], |row| {
        Ok((row.get::<_, Id>(0)?, row.get::<_, Id>(1)?, row.get::<_, String>(2)?, row.get(3)?))
    })?;
    let mut running = Vec::new();
    for (lease, worker, label, claimed_at) in leases {
        let since = Timestamp::from_micros(claimed_at);
        let (lease, worker) = (lease.lease(), worker.worker());
        for job in jobs_of(connection, lease)? {
            let runs = params![Id::from(job), Id::from(lease), Id::from(worker)];
            let found = all(connection, RUNS, runs, |row| {
                let expected = row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs);
                let expected = expected.map(Duration::from_micros);
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, expected))
            })?;
            let is_long = |(kind, _, expected): &(String, String, Option<Duration>)| {
                at.since(since) >= thresholds.may_run(*expected) && !thresholds.is_muted(kind)
            };
            running.extend(found.into_iter().filter(is_long).map(|(kind, queue, expected)| {
                RunningJob { job, kind, queue, worker: label.clone(), since, expected }
            }));
        }
        if running.len() >= NAMED {
            break;
        }
    }
    running.truncate(NAMED);
    Ok(running)
}

/// Dead jobs, of the newest.
pub(super) fn dead(
    connection: &Connection,
    thresholds: &Thresholds,
    at: Timestamp,
) -> Result<Vec<Dead>, StoreError> {
    let since =
        Timestamp::from_micros(at.as_micros().saturating_sub(micros(thresholds.died_within)));
    let newest = all(connection, NEWEST_DEAD, [MOST], |row| {
        let died_at = Timestamp::from_micros(row.get(2)?);
        Ok((row.get::<_, Id>(0)?.job(), row.get::<_, String>(1)?, died_at))
    })?;
    let or_more = newest.len() as i64 >= MOST;
    let mut kinds: BTreeMap<String, Dead> = BTreeMap::new();
    for (job, kind, died_at) in newest {
        if thresholds.is_muted(&kind) {
            continue;
        }
        let dead = kinds.entry(kind).or_insert_with_key(|kind| Dead {
            kind: kind.clone(),
            jobs: Counted { jobs: 0, or_more },
            lately: 0,
            last_at: died_at,
            last: job,
        });
        dead.jobs.jobs += 1;
        dead.lately += u64::from(died_at >= since);
        (dead.last_at, dead.last) = (dead.last_at, dead.last).max((died_at, job));
    }
    Ok(kinds.into_values().collect())
}
