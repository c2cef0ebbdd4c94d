//! Windows: events that wait for others to become one job with them.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::subscription::{Closing, DueWindows, EventWindow, Gathering};
use windlass_core::time::Timestamp;

use crate::job::enqueue::enqueue;
use crate::row::{all, one, run};

const DUE: &str = "select w.number, w.key, w.opened_at, w.due_at, w.positions \
     from windlass_event_window w join windlass_subscription s on s.number = w.number \
     where w.due_at <= ?1 and s.paused_at is null and w.number not in (select value from json_each(?2)) \
     order by w.due_at, w.number, w.key limit ?3";
const NEXT: &str = "select w.due_at \
     from windlass_event_window w join windlass_subscription s on s.number = w.number \
     where s.paused_at is null and w.number not in (select value from json_each(?1)) order by w.due_at limit 1";
const OF: &str = "select number, key, opened_at, due_at, positions from windlass_event_window \
     where number = ?1 order by due_at, key";
const ONE: &str = "select number, key, opened_at, due_at, positions from windlass_event_window \
     where number = ?1 and key = ?2";
const PUT: &str = "insert into windlass_event_window (number, key, opened_at, due_at, positions) values (?1, ?2, ?3, ?4, ?5) \
     on conflict (number, key) do update \
     set opened_at = excluded.opened_at, due_at = excluded.due_at, positions = excluded.positions";
const REMOVE: &str = "delete from windlass_event_window where number = ?1 and key = ?2";
/// When the event got its position that was not there yet when it was looked which windows are whole.
const NEXT_EVENT: &str =
    "select recorded_at from windlass_event where position > ?1 order by position limit 1";
const HERE: &str = "select 1 from windlass_log where revision = ?1";

pub(super) fn due(
    connection: &Connection,
    except: &[u32],
    most: usize,
    now: Timestamp,
) -> Result<DueWindows, StoreError> {
    let except = serde_json::json!(except).to_string();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let due = all(connection, DUE, params![now.as_micros(), except, most], window)?;
    let next: Option<i64> = one(connection, NEXT, [except])?;
    Ok(DueWindows { now, due, next_at: next.map(Timestamp::from_micros) })
}

pub(super) fn of(connection: &Connection, number: u32) -> Result<Vec<EventWindow>, StoreError> {
    all(connection, OF, [number], window)
}

/// Puts events into the windows of their keys.
pub(super) fn gather(connection: &Connection, gathered: &[Gathering]) -> Result<(), StoreError> {
    for more in gathered {
        let key = params![more.window.number, more.window.key];
        let open = all(connection, ONE, key, window)?.pop();
        let window = open.map_or_else(|| more.opened(), |open| open.with(more));
        put(connection, &window)?;
    }
    Ok(())
}

/// Writes the jobs of windows; nothing, and false, where one is not as it was.
pub(super) fn close(
    connection: &Connection,
    closing: &Closing,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revision = i64::try_from(closing.revision).unwrap_or(i64::MAX);
    if one::<i64>(connection, HERE, [revision])?.is_none() {
        return Ok(false);
    }
    let (last, until) = (i64::try_from(closing.last).unwrap_or(i64::MAX), closing.until());
    let next: Option<i64> = one(connection, NEXT_EVENT, [last])?;
    if next.zip(until).is_some_and(|(at, until)| at < until.as_micros()) {
        return Ok(false);
    }
    for closed in &closing.closed {
        let EventWindow { number, key, .. } = &closed.before;
        let here = all(connection, ONE, params![number, key], window)?.pop();
        if here.as_ref() != Some(&closed.before) {
            return Ok(false);
        }
    }
    for closed in &closing.closed {
        let EventWindow { number, key, .. } = &closed.before;
        match &closed.rest {
            Some(rest) => put(connection, rest)?,
            None => _ = run(connection, REMOVE, params![number, key])?,
        }
    }
    enqueue(connection, &closing.jobs, now)?;
    Ok(true)
}

fn put(connection: &Connection, window: &EventWindow) -> Result<(), StoreError> {
    let EventWindow { number, key, opened_at, due_at, positions } = window;
    let binds = params![number, key, opened_at.as_micros(), due_at.as_micros(), text(positions)];
    run(connection, PUT, binds).map(drop)
}

fn text(positions: &[u64]) -> Value {
    Value::Text(serde_json::json!(positions).to_string())
}

fn window(row: &Row<'_>) -> rusqlite::Result<EventWindow> {
    let positions: String = row.get(4)?;
    let wrong = |error| {
        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, Box::new(error))
    };
    Ok(EventWindow {
        number: row.get(0)?,
        key: row.get(1)?,
        opened_at: Timestamp::from_micros(row.get(2)?),
        due_at: Timestamp::from_micros(row.get(3)?),
        positions: serde_json::from_str(&positions).map_err(wrong)?,
    })
}
