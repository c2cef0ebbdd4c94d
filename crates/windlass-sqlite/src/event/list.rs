//! List: events as they are shown.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::event::{EventHead, EventMeta, EventRecord, Keep, LogRecord};
use windlass_core::id::{EventId, JobId};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::row::{Id, all, text, text_where};

const EVENT: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass_event where id = ?1";
const EVENTS: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass_event where position > ?1 order by position limit ?2";
const EVENT_HEADS: &str = "select position, id, type, source, subject, at, meta \
     from windlass_event where position > ?1 order by position limit ?2";
const EVENTS_AT: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass_event where position in (select value from json_each(?1)) order by position";
const EVENTS_OF_TREE: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass_event where id = ?1 or root = ?1 order by position limit ?2";
/// Whether there are events that those who are live have not been fed.
pub(crate) const HAS_NEWS: &str = "select routed < last from windlass_log";
/// Whether there are events that those who are live, or one that catches up, have not been fed.
pub(crate) const FEEDS: &str = "select routed < last or exists (select 1 from windlass_subscription \
     where position is not null and paused_at is null) \
     or exists (select 1 from windlass_event_window where due_at <= ?1) \
     or exists (select 1 from windlass_subscription_request where error is null) from windlass_log";
const LOG: &str = "select epoch, last, routed, part, revision, removed, keep, at_most, \
     exists (select 1 from windlass_subscription_request where error is null) from windlass_log";

pub(super) fn event(
    connection: &Connection,
    id: EventId,
) -> Result<Option<EventRecord>, StoreError> {
    Ok(all(connection, EVENT, [Id(id.as_uuid())], record)?.pop())
}

pub(super) fn events(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<EventRecord>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, EVENTS, params![after, most], record)
}

pub(super) fn event_heads(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<EventHead>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, EVENT_HEADS, params![after, most], |row| {
        let meta = EventMeta::from_stored(text_where(row, 6)?.as_deref());
        Ok(EventHead {
            position: row.get::<_, i64>(0)?.unsigned_abs(),
            id: EventId::from_uuid(row.get::<_, Id>(1)?.0),
            event_type: text(row, 2)?,
            version: meta.version.unwrap_or(1),
            source: text(row, 3)?,
            subject: text_where(row, 4)?,
            time: Timestamp::from_micros(row.get(5)?),
        })
    })
}

pub(super) fn events_at(
    connection: &Connection,
    positions: &[u64],
) -> Result<Vec<EventRecord>, StoreError> {
    let positions: Vec<String> = positions.iter().map(u64::to_string).collect();
    all(connection, EVENTS_AT, [format!("[{}]", positions.join(","))], record)
}

pub(super) fn events_of_tree(
    connection: &Connection,
    root: JobId,
    most: usize,
) -> Result<Vec<EventRecord>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, EVENTS_OF_TREE, params![Id::from(root), most], record)
}

pub(super) fn log(connection: &Connection) -> Result<LogRecord, StoreError> {
    let time = |us: i64| Duration::from_micros(us.unsigned_abs());
    let row = |row: &Row<'_>| {
        Ok(LogRecord {
            epoch: row.get::<_, i64>(0)?.unsigned_abs(),
            last: row.get::<_, i64>(1)?.unsigned_abs(),
            routed: row.get::<_, i64>(2)?.unsigned_abs(),
            part: row.get(3)?,
            revision: row.get::<_, i64>(4)?.unsigned_abs(),
            removed: row.get::<_, i64>(5)?.unsigned_abs(),
            keep: Keep {
                at_least: time(row.get(6)?),
                at_most: row.get::<_, Option<i64>>(7)?.map(time),
            },
            has_requests: row.get(8)?,
        })
    };
    let found = all(connection, LOG, [], row)?.pop();
    found.ok_or_else(|| StoreError::Backend("the log has no row".into()))
}

fn record(row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    let meta = text_where(row, 11)?;
    Ok(EventRecord {
        position: Some(row.get::<_, i64>(0)?.unsigned_abs()),
        id: EventId::from_uuid(row.get::<_, Id>(1)?.0),
        source: text(row, 2)?,
        given: text_where(row, 3)?,
        event_type: text(row, 4)?,
        subject: text_where(row, 5)?,
        time: Timestamp::from_micros(row.get(6)?),
        recorded_at: Some(Timestamp::from_micros(row.get(7)?)),
        data: text_where(row, 8)?.map(Json::stored),
        root: row.get::<_, Option<Id>>(9)?.map(Id::job),
        parent: row.get::<_, Option<Id>>(10)?.map(Id::job),
        meta: EventMeta::from_stored(meta.as_deref()),
    })
}
