//! Publish: new rows at the end of the log.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params, params_from_iter};
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::id::EventId;
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::job::statement::{RELEASE, SAVEPOINT, Statement, UNDO, Value};
use crate::row::{Id, one, run};

const LAST: &str = "select last from windlass_log";
const RECORDED_AT: &str = "select recorded_at from windlass_event where position = ?1";
const REACHES: &str = "update windlass_log set last = ?1";
/// The id of the event of the source ?1 with the given id ?2.
pub const GIVEN: &str = "select id from windlass_event where source = ?1 and given = ?2";
const PUBLISH: &str = "insert into windlass_event \
     (position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) on conflict (id) do nothing";

/// One event as one statement, so that a caller that stops half-way has written all of it or nothing.
const PUBLISH_ONE: &str = "insert into windlass_publish_event \
     (id, source, given, type, subject, at, recorded_at, data, root, parent, meta) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// Publishes one event inside whatever transaction the connection is in. Where it has a given id, [`GIVEN`] says which is there.
#[must_use]
pub fn statement(event: &NewEvent, now: Timestamp) -> Statement {
    let blob = |id: uuid::Uuid| Value::Blob(Some(id.as_bytes().to_vec()));
    let none = || Value::Blob(None);
    let text = |text: Option<&str>| Value::Text(text.map(str::to_owned));
    let binds = vec![
        blob(event.id.as_uuid()),
        text(Some(&event.source)),
        text(event.given.as_deref()),
        text(Some(&event.event_type)),
        text(event.subject.as_deref()),
        Value::Integer(Some(event.time.unwrap_or(now).as_micros())),
        Value::Integer(Some(now.as_micros())),
        text(event.data.as_ref().map(|data| data.as_str())),
        event.root.map_or_else(none, |id| blob(id.as_uuid())),
        event.parent.map_or_else(none, |id| blob(id.as_uuid())),
        Value::Text(event.meta.to_stored()),
    ];
    Statement { sql: PUBLISH_ONE, binds }
}

/// What the row of [`GIVEN`] means.
///
/// # Errors
/// Where it makes no sense.
pub fn answer(event: &NewEvent, id: &[u8]) -> Result<Published, StoreError> {
    let id = uuid::Uuid::from_slice(id).map_err(|error| StoreError::Backend(Box::new(error)))?;
    Ok(Published::of(event, EventId::from_uuid(id)))
}

/// Publishes events on a caller's own connection, all or none, inside a transaction and outside of one.
///
/// # Errors
/// When SQLite refuses; nothing was written then.
pub fn publish_all(
    connection: &Connection,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<Vec<Published>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let execute = |sql| connection.execute_batch(sql).map_err(store_error);
    execute(SAVEPOINT)?;
    match events.iter().map(|event| publish_one(connection, event, now)).collect() {
        Ok(answers) => execute(RELEASE).map(|()| answers),
        Err(error) => {
            // The first error says what is wrong; a transaction that SQLite ended has no savepoint left.
            let _ = execute(UNDO);
            Err(error)
        }
    }
}

fn publish_one(
    connection: &Connection,
    event: &NewEvent,
    now: Timestamp,
) -> Result<Published, StoreError> {
    let Statement { sql, binds } = statement(event, now);
    let binds = binds.into_iter().map(|bind| match bind {
        Value::Blob(bytes) => SqlValue::from(bytes),
        Value::Text(text) => SqlValue::from(text),
        Value::Integer(number) => SqlValue::from(number),
    });
    run(connection, sql, params_from_iter(binds))?;
    let Some(given) = &event.given else { return Ok(Published::New(event.id)) };
    let there = one::<Id>(connection, GIVEN, params![event.source, given])?;
    let missing = || StoreError::Backend("no answer to a published event".into());
    Ok(Published::of(event, EventId::from_uuid(there.ok_or_else(missing)?.0)))
}

/// Publishes events inside whatever transaction the connection is in, which is the writer's.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn publish(
    connection: &Connection,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<Vec<Published>, StoreError> {
    let mut last: i64 = one(connection, LAST, [])?.unwrap_or_default();
    let first = last;
    // The clock may have been set back: moments of the log never go back.
    let before: Option<i64> = one(connection, RECORDED_AT, [last])?;
    let recorded_at = before.map_or(now.as_micros(), |before| before.max(now.as_micros()));
    let mut statement = connection.prepare_cached(PUBLISH).map_err(store_error)?;
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        if let Some(given) = &event.given
            && let Some(id) = one::<Id>(connection, GIVEN, params![event.source, given])?
        {
            answers.push(Published::Existing(EventId::from_uuid(id.0)));
            continue;
        }
        last += 1;
        let data = event.data.as_ref().map(|data| data.as_str());
        let (id, now) = (Id(event.id.as_uuid()), now.as_micros());
        let at = event.time.map_or(now, Timestamp::as_micros);
        let (root, parent) = (event.root.map(Id::from), event.parent.map(Id::from));
        let meta = event.meta.to_stored();
        let binds = params![
            last,
            id,
            event.source,
            event.given,
            event.event_type,
            event.subject,
            at,
            recorded_at,
            data,
            root,
            parent,
            meta
        ];
        // One that is there already is the same one.
        if statement.execute(binds).map_err(store_error)? == 0 {
            last -= 1;
        }
        answers.push(Published::New(event.id));
    }
    if last > first {
        run(connection, REACHES, [last])?;
    }
    Ok(answers)
}
