//! Unserved: due jobs that no live worker could run, of the first that wait in each queue.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::{COUNTED, COUNTED_ALL, COUNTED_LEAST};
use windlass_core::queue::Unserved;
use windlass_core::time::Timestamp;
use windlass_core::worker::WorkerRecord;

use crate::job::capped_counts::{NEXT_FREE, NEXT_IN_LINE};
use crate::row::{all, one};

/// An index of available jobs in the order of their queues: the next queue, and the first jobs of one.
const AVAILABLE: [(&str, &str); 2] = [
    (
        NEXT_FREE,
        "select queue, kind, version, count(*), min(run_at) from \
           (select queue, kind, version, run_at from windlass_pending indexed by windlass_ready \
            where queue = ?1 and state = 2 and line is null order by priority, run_at limit ?2) \
         where run_at <= ?3 group by queue, kind, version",
    ),
    (
        NEXT_IN_LINE,
        "select queue, kind, version, count(*), min(run_at) from \
           (select queue, kind, version, run_at from windlass_pending indexed by windlass_line \
            where queue = ?1 and state = 2 and line is not null order by priority, line limit ?2) \
         where run_at <= ?3 group by queue, kind, version",
    ),
];
const PARKED: &str = "select queue, kind, version, count(*), min(run_at) from \
       (select queue, kind, version, run_at from windlass_pending indexed by windlass_parked \
        where state = 0 order by kind, version, queue limit ?1) \
     where run_at <= ?2 group by queue, kind, version";

type Groups = BTreeMap<(String, String, u16), Unserved>;

/// Due jobs that no live worker could run, by queue, kind and version.
pub(crate) fn unserved(
    connection: &Connection,
    workers: &[WorkerRecord],
    now: Timestamp,
) -> Result<Vec<Unserved>, StoreError> {
    let mut queues = Vec::new();
    for (next, first) in AVAILABLE {
        let mut last = String::new();
        while let Some(queue) = one::<String>(connection, next, [&last])? {
            queues.push((queue.clone(), first));
            last = queue;
        }
    }
    let mut groups = Groups::new();
    let most = COUNTED.min(COUNTED_ALL / queues.len().max(1)).max(COUNTED_LEAST);
    for (queue, first) in queues {
        let binds = params![queue, number(most), now.as_micros()];
        add(&mut groups, all(connection, first, binds, read)?, most);
    }
    let parked = all(connection, PARKED, params![number(COUNTED_ALL), now.as_micros()], read)?;
    add(&mut groups, parked, COUNTED_ALL);
    Ok(groups.into_values().filter_map(|group| group.unless_served(workers, now)).collect())
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Unserved> {
    Ok(Unserved {
        queue: row.get(0)?,
        kind: row.get(1)?,
        version: row.get(2)?,
        jobs: row.get::<_, i64>(3)?.unsigned_abs(),
        or_more: false,
        oldest_due_at: Timestamp::from_micros(row.get(4)?),
        queue_served: false,
    })
}

/// Adds groups of which no more than so many jobs were looked at.
fn add(groups: &mut Groups, found: Vec<Unserved>, most: usize) {
    let or_more = found.iter().map(|group| group.jobs).sum::<u64>() >= most as u64;
    for group in found {
        let key = (group.queue.clone(), group.kind.clone(), group.version);
        let none = || Unserved { jobs: 0, ..group.clone() };
        let sum = groups.entry(key).or_insert_with(none);
        sum.jobs += group.jobs;
        sum.or_more |= or_more;
        sum.oldest_due_at = sum.oldest_due_at.min(group.oldest_due_at);
    }
}
