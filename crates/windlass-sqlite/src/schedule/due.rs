//! Schedules that are to be looked at.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::schedule::DueSchedules;
use windlass_core::time::Timestamp;

use super::list::{record, select_schedules};
use crate::row::{all, one};

const DUE: &str =
    select_schedules!("where next_at <= ?1 or queued_due_at is not null order by next_at limit ?2");
const NEXT: &str = "select min(next_at) from windlass_schedule";
const QUEUED: &str = "select 1 from windlass_schedule where queued_due_at is not null limit 1";

pub(crate) fn due(
    connection: &Connection,
    most: usize,
    now: Timestamp,
) -> Result<DueSchedules, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let schedules = all(connection, DUE, params![now.as_micros(), most], record)?;
    Ok(DueSchedules { now, schedules })
}

/// The next moment at which a schedule is due, or is to be computed.
pub(crate) fn next(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let next: Option<Option<i64>> = one(connection, NEXT, [])?;
    Ok(next.flatten().filter(|at| *at < i64::MAX).map(Timestamp::from_micros))
}

/// Whether a run waits for the end of the job before it.
pub(crate) fn has_queued(connection: &Connection) -> Result<bool, StoreError> {
    one::<i64>(connection, QUEUED, []).map(|found| found.is_some())
}
