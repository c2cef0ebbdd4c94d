//! Schedules: pause and resume.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;

use crate::row::{one, run};

const IS_THERE: &str = "select 1 from windlass_schedule where name = ?1 and removed_at is null";
const IS_PAUSED: &str = "select 1 from windlass_schedule where name = ?1 and paused_at is not null";
const PAUSE: &str = "insert into windlass_pause_schedule (name, note, at) values (?1, ?2, ?3)";
const RESUME: &str = "insert into windlass_resume_schedule (name, at) values (?1, ?2)";

pub(crate) fn pause(
    connection: &Connection,
    name: &str,
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if one::<i64>(connection, IS_THERE, [name])?.is_none() {
        return Ok(false);
    }
    run(connection, PAUSE, params![name, note, now.as_micros()])?;
    Ok(true)
}

pub(crate) fn resume(
    connection: &Connection,
    name: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if one::<i64>(connection, IS_PAUSED, [name])?.is_none() {
        return Ok(false);
    }
    run(connection, RESUME, params![name, now.as_micros()])?;
    Ok(true)
}
