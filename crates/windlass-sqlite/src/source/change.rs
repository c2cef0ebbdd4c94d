//! Sources are paused, resumed, reset and removed, and their gaps closed.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::EventId;
use windlass_core::time::Timestamp;

use crate::row::{Id, run};

const PAUSE: &str = "update windlass_source set \
       changed_at = case state when 'running' then ?2 else changed_at end, \
       reason = case state when 'stopped' then reason else ?3 end, \
       state = case state when 'stopped' then state else 'paused' end \
     where name = ?1";
const CLOSE_STOPPED: &str = "update windlass_source_gap set closed_at = ?2 \
     where source = ?1 and closed_at is null and answer = 'stop'";
const RESUME: &str = "update windlass_source set \
       cursor = case state when 'stopped' then then_cursor else cursor end, \
       number = case state when 'stopped' then then_number else number end, \
       generation = case state when 'stopped' then then_generation else generation end, \
       then_cursor = null, then_number = null, then_generation = null, \
       state = 'running', reason = null, changed_at = ?2 \
     where name = ?1 and state <> 'running'";
const RESET: &str = "update windlass_source set \
       epoch = epoch + 1, cursor = ?3, number = null, generation = coalesce(then_generation, generation), \
       then_cursor = null, then_number = null, then_generation = null, disowned = null, head = null, error = null, failures = 0, \
       reason = case state when 'stopped' then null else reason end, \
       changed_at = case state when 'stopped' then ?2 else changed_at end, \
       state = case state when 'stopped' then 'running' else state end \
     where name = ?1";
const REMOVE_GAPS: &str = "delete from windlass_source_gap where source = ?1";
const REMOVE_QUARANTINE: &str = "delete from windlass_quarantine where source = ?1";
const REMOVE: &str = "delete from windlass_source where name = ?1";
const CLOSE: &str = "update windlass_source_gap set closed_at = ?2 \
     where source = ?1 and closed_at is null and (?3 is null or event = ?3)";

pub(super) fn pause(
    connection: &Connection,
    (name, note): (&str, Option<&str>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(run(connection, PAUSE, params![name, now.as_micros(), note])? > 0)
}

pub(super) fn resume(
    connection: &Connection,
    name: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    run(connection, CLOSE_STOPPED, params![name, now.as_micros()])?;
    Ok(run(connection, RESUME, params![name, now.as_micros()])? > 0)
}

pub(super) fn reset(
    connection: &Connection,
    (name, cursor): (&str, Option<&str>),
    now: Timestamp,
) -> Result<bool, StoreError> {
    run(connection, CLOSE_STOPPED, params![name, now.as_micros()])?;
    Ok(run(connection, RESET, params![name, now.as_micros(), cursor])? > 0)
}

pub(super) fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    run(connection, REMOVE_GAPS, [name])?;
    run(connection, REMOVE_QUARANTINE, [name])?;
    Ok(run(connection, REMOVE, [name])? > 0)
}

pub(super) fn close_gaps(
    connection: &Connection,
    (name, event): (&str, Option<EventId>),
    now: Timestamp,
) -> Result<u64, StoreError> {
    let event = event.map(|event| Id(event.as_uuid()));
    Ok(run(connection, CLOSE, params![name, now.as_micros(), event])? as u64)
}
