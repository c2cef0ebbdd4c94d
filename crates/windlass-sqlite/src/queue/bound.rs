//! Bounds on the length of queues.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::job::NewJob;
use windlass_core::queue::{QueueBound, WhenFull};

use crate::row::{all, one, run};

pub(crate) fn bound(connection: &Connection, bound: &QueueBound) -> Result<(), StoreError> {
    const BOUND: &str = "insert into windlass_queue_bound (queue, jobs, waits) values (?1, ?2, ?3) \
         on conflict (queue) do update set jobs = excluded.jobs, waits = excluded.waits";
    let waits = bound.when_full == WhenFull::Wait;
    run(connection, BOUND, params![bound.queue, jobs(bound), waits]).map(drop)
}

pub(crate) fn unbound(connection: &Connection, queue: &str) -> Result<bool, StoreError> {
    const UNBOUND: &str = "delete from windlass_queue_bound where queue = ?1";
    Ok(run(connection, UNBOUND, [queue])? == 1)
}

pub(crate) fn bounds(connection: &Connection) -> Result<Vec<QueueBound>, StoreError> {
    const BOUNDS: &str = "select queue, jobs, waits from windlass_queue_bound order by queue";
    all(connection, BOUNDS, [], |row| Ok(QueueBound::stored(row.get(0)?, row.get(1)?, row.get(2)?)))
}

pub(crate) fn is_full(connection: &Connection, bound: &QueueBound) -> Result<bool, StoreError> {
    const IS_FULL: &str = "select \
         (select count(*) from (select 1 from windlass_pending where queue = ?1 and state = 2 and line is null limit ?2)) \
         + (select count(*) from (select 1 from windlass_pending where queue = ?1 and state = 2 and line is not null limit ?2)) \
         >= ?2";
    Ok(one(connection, IS_FULL, params![bound.queue, jobs(bound)])?.unwrap_or(false))
}

/// Refuses jobs for a queue that has a bound and no room, as the connection sees it.
///
/// # Errors
/// [`StoreError::QueueFull`], or when SQLite refuses.
pub fn check_room(connection: &Connection, new: &[NewJob]) -> Result<(), StoreError> {
    let queues: BTreeSet<&str> = new.iter().map(|job| job.queue.as_str()).collect();
    let bounds = bounds(connection)?;
    for bound in bounds.into_iter().filter(|bound| queues.contains(bound.queue.as_str())) {
        if is_full(connection, &bound)? {
            return Err(StoreError::QueueFull { queue: bound.queue, limit: bound.jobs });
        }
    }
    Ok(())
}

fn jobs(bound: &QueueBound) -> i64 {
    i64::try_from(bound.jobs).unwrap_or(i64::MAX)
}
