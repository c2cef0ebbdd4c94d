//! Put: subscriptions are made, changed, paused and removed.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::subscription::{Start, Subscription};
use windlass_core::time::Timestamp;

use crate::row::{one, run};

const REVISE: &str = "update windlass_log set revision = revision + 1";
const IS_SAME: &str = "select 1 from windlass_subscription where name = ?1 and definition = ?2";
const CHANGE: &str = "update windlass_subscription set definition = ?2, \
     since = coalesce(position, (select routed + (part >= number) from windlass_log)) where name = ?1";
/// What has waited for others waits no longer where it is changed.
const CLOSE: &str = "update windlass_event_window set due_at = min(due_at, ?2) \
     where number = (select number from windlass_subscription where name = ?1)";
const REMOVE_WINDOWS: &str = "delete from windlass_event_window \
     where number = (select number from windlass_subscription where name = ?1)";
const PUT: &str = "insert into windlass_subscription (name, definition, after, since, position, until, created_at) \
     select ?1, ?2, coalesce(?3, last), coalesce(?3, last), case when ?3 < routed or ?4 is not null then ?3 end, ?4, ?5 from windlass_log";
const REMOVE_GAPS: &str = "delete from windlass_gap \
     where number = (select number from windlass_subscription where name = ?1)";
const REMOVE: &str = "delete from windlass_subscription where name = ?1";
const PAUSE: &str = "update windlass_subscription \
     set paused_at = coalesce(paused_at, ?2), position = coalesce(position, (select routed + (part >= number) from windlass_log)) where name = ?1";
const RESUME: &str = "update windlass_subscription \
     set paused_at = null, position = coalesce(position, (select routed + (part >= number) from windlass_log)) where name = ?1";

pub(crate) fn put(
    connection: &Connection,
    (name, definition): (&str, &Subscription),
    start: Start,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let definition =
        serde_json::to_string(definition).map_err(|error| StoreError::Backend(Box::new(error)))?;
    if one::<i64>(connection, IS_SAME, params![name, definition])?.is_some() {
        return Ok(false);
    }
    run(connection, REVISE, [])?;
    if run(connection, CHANGE, params![name, definition])? > 0 {
        run(connection, CLOSE, params![name, now.as_micros()])?;
        return Ok(false);
    }
    let number = |position| i64::try_from(position).unwrap_or(i64::MAX);
    let (after, until) = match start {
        Start::Now => (None, None),
        Start::After(position) => (Some(number(position)), None),
        Start::Between(after, to) => (Some(number(after)), Some(number(to))),
    };
    run(connection, PUT, params![name, definition, after, until, now.as_micros()])?;
    Ok(true)
}

pub(crate) fn remove(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    run(connection, REVISE, [])?;
    run(connection, REMOVE_GAPS, [name])?;
    run(connection, REMOVE_WINDOWS, [name])?;
    Ok(run(connection, REMOVE, [name])? > 0)
}

pub(super) fn pause(
    connection: &Connection,
    name: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    run(connection, REVISE, [])?;
    Ok(run(connection, PAUSE, params![name, now.as_micros()])? > 0)
}

pub(super) fn resume(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    run(connection, REVISE, [])?;
    Ok(run(connection, RESUME, [name])? > 0)
}
