//! Depth: how long queues are, within bounds.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::{
    LINES_LOOKED_AT, STATS_DEPTH, STATS_DEPTH_ALL, STATS_DEPTH_LEAST, STATS_LEASES, STATS_PAIRS,
};
use windlass_core::stats::Depth;
use windlass_core::time::Timestamp;

use crate::row::{Id, all, one};

/// An index of available jobs, gone through one queue and priority after the other.
struct Index {
    first: &'static str,
    // A comparison of several columns at once would be answered by a walk over all rows of the place it begins at.
    next: &'static str,
    count: &'static str,
}

const FREE: Index = Index {
    first: "select queue, priority from windlass_pending where state = 2 and line is null order by queue, priority limit 1",
    next: "select * from (select queue, priority from windlass_pending \
             where state = 2 and line is null and queue = ?1 and priority > ?2 order by priority limit 1) \
           union all \
           select * from (select queue, priority from windlass_pending \
             where state = 2 and line is null and queue > ?1 order by queue, priority limit 1) limit 1",
    count: "select count(*), min(run_at) from (select run_at from windlass_pending \
              where queue = ?1 and priority = ?2 and state = 2 and line is null order by run_at limit ?3)",
};
const IN_LINE: Index = Index {
    first: "select queue, priority from windlass_pending where state = 2 and line is not null order by queue, priority limit 1",
    next: "select * from (select queue, priority from windlass_pending \
             where state = 2 and line is not null and queue = ?1 and priority > ?2 order by priority limit 1) \
           union all \
           select * from (select queue, priority from windlass_pending \
             where state = 2 and line is not null and queue > ?1 order by queue, priority limit 1) limit 1",
    count: "select count(*), min(run_at) from (select run_at from windlass_pending \
              where queue = ?1 and priority = ?2 and state = 2 and line is not null limit ?3)",
};
const LEASES: &str = "select id, jobs from windlass_lease limit ?1";
const RUNS: &str = "select queue from windlass_pending where id = ?1 and lease = ?2 and state = 4";

/// How long queues are that have jobs to run or running.
pub(super) fn depths(
    connection: &Connection,
    now: Timestamp,
) -> Result<Vec<(String, Depth)>, StoreError> {
    let (mut depths, mut left) = (BTreeMap::new(), STATS_DEPTH_ALL);
    for index in [FREE, IN_LINE] {
        available(connection, &index, (&mut depths, &mut left), now)?;
    }
    running(connection, &mut depths)?;
    for depth in depths.values_mut() {
        depth.available = depth.available.min(STATS_DEPTH as u64);
    }
    Ok(depths.into_iter().take(STATS_PAIRS).collect())
}

fn available(
    connection: &Connection,
    index: &Index,
    (depths, left): (&mut BTreeMap<String, Depth>, &mut usize),
    now: Timestamp,
) -> Result<(), StoreError> {
    type Level = (String, i64);
    let level = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let mut found: Vec<Level> = all(connection, index.first, [], level)?;
    for _ in 0..LINES_LOOKED_AT {
        let Some((queue, priority)) = found.pop() else { break };
        let most = STATS_DEPTH.min(*left).max(STATS_DEPTH_LEAST);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let count = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, Option<i64>>(1)?))
        };
        let counted = all(connection, index.count, params![queue, priority, most], count)?;
        found = all(connection, index.next, params![queue, priority], level)?;
        let depth: &mut Depth = depths.entry(queue).or_default();
        for (jobs, oldest) in counted {
            depth.available += jobs;
            let due_at = oldest.map_or(now, Timestamp::from_micros);
            depth.oldest = depth.oldest.max(now.since(due_at));
            *left = left.saturating_sub(usize::try_from(jobs).unwrap_or(usize::MAX));
        }
    }
    Ok(())
}

fn running(
    connection: &Connection,
    depths: &mut BTreeMap<String, Depth>,
) -> Result<(), StoreError> {
    let most = i64::try_from(STATS_LEASES).unwrap_or(i64::MAX);
    let leases = all(connection, LEASES, [most], |row| {
        Ok((row.get::<_, Id>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    for (lease, jobs) in leases {
        for job in jobs.chunks_exact(16) {
            if let Some(queue) = one::<String>(connection, RUNS, params![job, lease])? {
                depths.entry(queue).or_default().running += 1;
            }
        }
    }
    Ok(())
}
