//! The list of queues.

use std::collections::{BTreeSet, HashMap};

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::job::Counts;
use windlass_core::queue::QueueRecord;
use windlass_core::time::Timestamp;
use windlass_core::worker::WorkerRecord;

use crate::row::{all, one};

/// The earliest of each priority, and of the first jobs in line.
const OLDEST: &str = "with recursive level (priority) as ( \
       select min(priority) from windlass_pending indexed by windlass_ready where queue = ?1 and state = 2 and line is null \
       union all \
       select (select min(p.priority) from windlass_pending as p indexed by windlass_ready \
               where p.queue = ?1 and p.priority > level.priority and p.state = 2 and p.line is null) \
       from level where level.priority is not null) \
     select min(at) from ( \
       select (select min(p.run_at) from windlass_pending as p indexed by windlass_ready \
               where p.queue = ?1 and p.priority = level.priority and p.state = 2 and p.line is null) as at \
       from level where level.priority is not null \
       union all \
       select min(run_at) from (select run_at from windlass_pending indexed by windlass_line \
         where queue = ?1 and state = 2 and line is not null order by priority, line, (attempt = 0), created_at limit 1000))";

pub(crate) fn queues(
    connection: &Connection,
    counts: Counts,
    workers: &[WorkerRecord],
    now: Timestamp,
) -> Result<Vec<QueueRecord>, StoreError> {
    const PAUSES: &str = "select name, paused_at, note, paused_until from windlass_queue \
         where coalesce(paused_until > ?1, 1)";
    type Found = (Option<i64>, Option<String>, Option<i64>);
    let found = all(connection, PAUSES, [now.as_micros()], |row| {
        Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))
    })?;
    let mut pauses: HashMap<String, Found> = found.into_iter().collect();
    let mut names: BTreeSet<String> = counts.by_queue.into_keys().collect();
    names.extend(pauses.keys().cloned());
    names.extend(workers.iter().flat_map(|worker| worker.queues.iter().cloned()));
    names
        .into_iter()
        .map(|name| {
            let (paused_at, note, paused_until) = pauses.remove(&name).unwrap_or_default();
            let oldest: Option<Option<i64>> = one(connection, OLDEST, [&name])?;
            let serving = workers.iter().filter(|worker| worker.queues.contains(&name)).count();
            Ok(QueueRecord {
                paused_at: paused_at.map(Timestamp::from_micros),
                paused_until: paused_until.map(Timestamp::from_micros),
                note,
                workers: u32::try_from(serving).unwrap_or(u32::MAX),
                oldest_due_at: oldest.flatten().map(Timestamp::from_micros),
                name,
            })
        })
        .collect()
}
