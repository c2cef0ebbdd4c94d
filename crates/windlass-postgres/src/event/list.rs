//! List: events as they are shown.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::event::{EventHead, EventMeta, EventRecord, Keep, LogRecord};
use windlass_core::id::{EventId, JobId};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::connection::Connection;
use crate::row::get;

const EVENT: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass.event where id = $1::uuid \
     union all \
     select null, id, source, given, type, subject, at, null, data, root, parent, meta \
     from windlass.intake where id = $1::uuid";
const EVENTS: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass.event where position > $1::int8 order by position limit $2::int8";
const EVENT_HEADS: &str = "select position, id, type, source, subject, at, meta \
     from windlass.event where position > $1::int8 order by position limit $2::int8";
const EVENTS_AT: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass.event where position = any ($1::int8[]) order by position";
const EVENTS_OF_TREE: &str = "select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass.event where id = $1::uuid \
     union all \
     select position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta \
     from windlass.event where root = $1::uuid and id <> $1::uuid order by position limit $2::int8";
const AWAIT: &str =
    "update windlass.log set sleeper = $1::text where sleeper is distinct from $1::text";
const PUBLISHES: &str = "select windlass.publishes()";
const LOG: &str = "select epoch, last, routed, part, revision, removed, keep, at_most, \
     exists (select from windlass.subscription_request where error is null) from windlass.log";

pub(super) async fn event(
    connection: &Connection,
    id: EventId,
) -> Result<Option<EventRecord>, StoreError> {
    let id = id.as_uuid();
    let rows = connection.query(EVENT, &[(&id, Type::UUID)]).await?;
    rows.first().map(record).transpose()
}

pub(super) async fn events(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<EventRecord>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = connection.query(EVENTS, &[(&after, Type::INT8), (&most, Type::INT8)]).await?;
    rows.iter().map(record).collect()
}

pub(super) async fn event_heads(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<EventHead>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = connection.query(EVENT_HEADS, &[(&after, Type::INT8), (&most, Type::INT8)]).await?;
    rows.iter().map(head).collect()
}

pub(super) async fn events_at(
    connection: &Connection,
    positions: &[u64],
) -> Result<Vec<EventRecord>, StoreError> {
    let number = |position: &u64| i64::try_from(*position).unwrap_or(i64::MAX);
    let positions: Vec<i64> = positions.iter().map(number).collect();
    let rows = connection.query(EVENTS_AT, &[(&positions, Type::INT8_ARRAY)]).await?;
    rows.iter().map(record).collect()
}

pub(super) async fn events_of_tree(
    connection: &Connection,
    root: JobId,
    most: usize,
) -> Result<Vec<EventRecord>, StoreError> {
    let (root, most) = (root.as_uuid(), i64::try_from(most).unwrap_or(i64::MAX));
    let binds = [(&root as _, Type::UUID), (&most as _, Type::INT8)];
    let rows = connection.query(EVENTS_OF_TREE, &binds).await?;
    rows.iter().map(record).collect()
}

pub(super) async fn await_events(
    connection: &Connection,
    channel: &str,
) -> Result<bool, StoreError> {
    connection.query(AWAIT, &[(&channel, Type::TEXT)]).await?;
    // Only once that can be seen: who had not begun by then tells.
    let rows = connection.query(PUBLISHES, &[]).await?;
    rows.first().map_or(Ok(false), |row| get(row, 0))
}

pub(super) async fn log(connection: &Connection) -> Result<LogRecord, StoreError> {
    let rows = connection.query(LOG, &[]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Backend("the log has no row".into()))?;
    let time = |us: i64| Duration::from_micros(us.unsigned_abs());
    Ok(LogRecord {
        epoch: get::<i64>(row, 0)?.unsigned_abs(),
        last: get::<i64>(row, 1)?.unsigned_abs(),
        routed: get::<i64>(row, 2)?.unsigned_abs(),
        part: get::<i32>(row, 3)?.unsigned_abs(),
        revision: get::<i64>(row, 4)?.unsigned_abs(),
        removed: get::<i64>(row, 5)?.unsigned_abs(),
        keep: Keep { at_least: time(get(row, 6)?), at_most: get::<Option<i64>>(row, 7)?.map(time) },
        has_requests: get(row, 8)?,
    })
}

fn head(row: &Row) -> Result<EventHead, StoreError> {
    Ok(EventHead {
        position: get::<i64>(row, 0)?.unsigned_abs(),
        id: EventId::from_uuid(get::<Uuid>(row, 1)?),
        event_type: get(row, 2)?,
        version: EventMeta::from_stored(get(row, 6)?).version.unwrap_or(1),
        source: get(row, 3)?,
        subject: get(row, 4)?,
        time: Timestamp::from_micros(get(row, 5)?),
    })
}

fn record(row: &Row) -> Result<EventRecord, StoreError> {
    let meta: Option<&str> = get(row, 11)?;
    let recorded_at: Option<i64> = get(row, 7)?;
    Ok(EventRecord {
        position: get::<Option<i64>>(row, 0)?.map(i64::unsigned_abs),
        id: EventId::from_uuid(get::<Uuid>(row, 1)?),
        source: get(row, 2)?,
        given: get(row, 3)?,
        event_type: get(row, 4)?,
        subject: get(row, 5)?,
        time: Timestamp::from_micros(get(row, 6)?),
        recorded_at: recorded_at.map(Timestamp::from_micros),
        data: get::<Option<String>>(row, 8)?.map(Json::stored),
        root: get::<Option<Uuid>>(row, 9)?.map(JobId::from_uuid),
        parent: get::<Option<Uuid>>(row, 10)?.map(JobId::from_uuid),
        meta: EventMeta::from_stored(meta),
    })
}
