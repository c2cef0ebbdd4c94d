//! Publish: new rows at the end of the log.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::id::EventId;
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::row::{Id, one, run};

const LAST: &str = "select last from windlass_log";
const REACHES: &str = "update windlass_log set last = ?1";
const GIVEN: &str = "select id from windlass_event where source = ?1 and given = ?2";
const PUBLISH: &str = "insert into windlass_event \
     (position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// Publishes events inside whatever transaction the connection is in.
///
/// # Errors
/// When SQLite refuses.
pub(super) fn publish(
    connection: &Connection,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<Vec<Published>, StoreError> {
    let mut last: i64 = one(connection, LAST, [])?.unwrap_or_default();
    let first = last;
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
            now,
            data,
            root,
            parent,
            meta
        ];
        statement.execute(binds).map_err(store_error)?;
        answers.push(Published::New(event.id));
    }
    if last > first {
        run(connection, REACHES, [last])?;
    }
    Ok(answers)
}
