//! Queues: pause and resume.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;

use crate::row::run;

pub(crate) fn pause(
    connection: &Connection,
    queue: &str,
    note: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const PAUSE: &str = "insert into windlass_queue (name, paused_at, note) values (?1, ?2, ?3) \
         on conflict (name) do update set paused_at = coalesce(paused_at, excluded.paused_at), note = excluded.note";
    run(connection, PAUSE, params![queue, now.as_micros(), note]).map(drop)
}

pub(crate) fn resume(connection: &Connection, queue: &str) -> Result<bool, StoreError> {
    const RESUME: &str = "delete from windlass_queue where name = ?1 and paused_at is not null";
    Ok(run(connection, RESUME, [queue])? == 1)
}
