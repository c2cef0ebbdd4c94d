//! Sources and what they lack, as they are.

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::EventId;
use windlass_core::json::Json;
use windlass_core::source::{Position, SourceGap, SourceRecord, SourceState};
use windlass_core::time::Timestamp;

use crate::connection::{Bind, Connection};
use crate::row::get;

/// A statement of a source's columns, in the order [`record`] reads them.
macro_rules! select_sources {
    ($rest:literal) => {
        concat!(
            "select s.state, s.cursor, s.number, s.generation, s.name, s.about, s.reason, s.changed_at, s.epoch, s.holder, \
               nullif(s.held_until, 0), s.head, s.imported, s.repeated, s.dropped, s.imported_at, s.polled_at, s.next_at, \
               s.error, s.error_at, s.failures, \
               (select count(*) from windlass.quarantine q where q.source = s.name), \
               (select count(*) from windlass.source_gap g where g.source = s.name and g.closed_at is null) \
             from windlass.source s ",
            $rest
        )
    };
}

const SOURCES: &str = select_sources!("order by s.name");
const SOURCE: &str = select_sources!("where s.name = $1::text");
const GAPS: &str = "select event, why, from_number, to_number, cursor, answer, at, closed_at from windlass.source_gap \
     where source = $1::text order by nth desc limit $2::int8";

pub(super) async fn sources(connection: &Connection) -> Result<Vec<SourceRecord>, StoreError> {
    connection.query(SOURCES, &[]).await?.iter().map(record).collect()
}

pub(super) async fn source(
    connection: &Connection,
    name: &str,
) -> Result<Option<SourceRecord>, StoreError> {
    connection.query(SOURCE, &[(&name, Type::TEXT)]).await?.first().map(record).transpose()
}

pub(super) async fn gaps(
    connection: &Connection,
    name: &str,
    most: usize,
) -> Result<Vec<SourceGap>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 2] = [(&name, Type::TEXT), (&most, Type::INT8)];
    connection.query(GAPS, &binds).await?.iter().map(gap).collect()
}

fn record(row: &Row) -> Result<SourceRecord, StoreError> {
    let count = |at| get::<i64>(row, at).map(i64::unsigned_abs);
    let moment = |at| get::<Option<i64>>(row, at).map(|us| us.map(Timestamp::from_micros));
    Ok(SourceRecord {
        state: state(get(row, 0)?)?,
        position: position(row, 1)?,
        name: get(row, 4)?,
        about: Json::stored(get::<&str>(row, 5)?),
        reason: get(row, 6)?,
        changed_at: Timestamp::from_micros(get(row, 7)?),
        epoch: count(8)?,
        holder: get(row, 9)?,
        held_until: moment(10)?,
        head: number(row, 11)?,
        imported: count(12)?,
        repeated: count(13)?,
        dropped: count(14)?,
        imported_at: moment(15)?,
        polled_at: moment(16)?,
        next_at: moment(17)?,
        error: get(row, 18)?,
        error_at: moment(19)?,
        failures: get::<i32>(row, 20)?.unsigned_abs(),
        quarantined: count(21)?,
        open_gaps: count(22)?,
    })
}

/// A state from its word.
pub(super) fn state(word: &str) -> Result<SourceState, StoreError> {
    word.parse().map_err(|error| StoreError::Backend(Box::new(error)))
}

/// A number that may be none.
pub(super) fn number(row: &Row, at: usize) -> Result<Option<u64>, StoreError> {
    Ok(get::<Option<i64>>(row, at)?.map(i64::unsigned_abs))
}

/// A position from three columns.
pub(super) fn position(row: &Row, at: usize) -> Result<Position, StoreError> {
    Ok(Position {
        cursor: get(row, at)?,
        number: number(row, at + 1)?,
        generation: get::<i32>(row, at + 2)?.unsigned_abs(),
    })
}

fn gap(row: &Row) -> Result<SourceGap, StoreError> {
    let strange = |error| StoreError::Backend(Box::new(error));
    Ok(SourceGap {
        event: EventId::from_uuid(get::<Uuid>(row, 0)?),
        why: get::<&str>(row, 1)?.parse().map_err(strange)?,
        from: number(row, 2)?,
        to: number(row, 3)?,
        cursor: get(row, 4)?,
        answer: get::<&str>(row, 5)?.parse().map_err(strange)?,
        at: Timestamp::from_micros(get(row, 6)?),
        closed_at: get::<Option<i64>>(row, 7)?.map(Timestamp::from_micros),
    })
}
