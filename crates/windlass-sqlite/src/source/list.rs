//! Sources and what they lack, as they are.

use std::error::Error;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, ValueRef};
use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::id::EventId;
use windlass_core::json::Json;
use windlass_core::source::{Position, SourceGap, SourceRecord};
use windlass_core::time::Timestamp;

use crate::row::{Id, all};

/// A statement of a source's columns, in the order [`record`] reads them.
macro_rules! select_sources {
    ($rest:literal) => {
        concat!(
            "select s.state, s.cursor, s.number, s.generation, s.name, s.about, s.reason, s.changed_at, s.epoch, s.holder, \
               nullif(s.held_until, 0), s.head, s.imported, s.repeated, s.dropped, s.imported_at, s.polled_at, s.next_at, \
               s.error, s.error_at, s.failures, \
               (select count(*) from windlass_quarantine q where q.source = s.name), \
               (select count(*) from windlass_source_gap g where g.source = s.name and g.closed_at is null) \
             from windlass_source s ",
            $rest
        )
    };
}

const SOURCES: &str = select_sources!("order by s.name");
const SOURCE: &str = select_sources!("where s.name = ?1");
const GAPS: &str = "select event, why, from_number, to_number, cursor, answer, at, closed_at from windlass_source_gap \
     where source = ?1 order by nth desc limit ?2";

pub(super) fn sources(connection: &Connection) -> Result<Vec<SourceRecord>, StoreError> {
    all(connection, SOURCES, [], record)
}

pub(super) fn source(
    connection: &Connection,
    name: &str,
) -> Result<Option<SourceRecord>, StoreError> {
    Ok(all(connection, SOURCE, [name], record)?.into_iter().next())
}

pub(super) fn gaps(
    connection: &Connection,
    name: &str,
    most: usize,
) -> Result<Vec<SourceGap>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, GAPS, params![name, most], gap)
}

fn record(row: &Row<'_>) -> rusqlite::Result<SourceRecord> {
    let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
    let moment = |at: usize| row.get::<_, Option<i64>>(at).map(|m| m.map(Timestamp::from_micros));
    Ok(SourceRecord {
        state: row.get::<_, Word<_>>(0)?.0,
        position: position(row, 1)?,
        name: row.get(4)?,
        about: Json::stored(row.get::<_, String>(5)?),
        reason: row.get(6)?,
        changed_at: Timestamp::from_micros(row.get(7)?),
        epoch: count(8)?,
        holder: row.get(9)?,
        held_until: moment(10)?,
        head: number(row, 11)?,
        imported: count(12)?,
        repeated: count(13)?,
        dropped: count(14)?,
        imported_at: moment(15)?,
        polled_at: moment(16)?,
        next_at: moment(17)?,
        error: row.get(18)?,
        error_at: moment(19)?,
        failures: row.get(20)?,
        quarantined: count(21)?,
        open_gaps: count(22)?,
    })
}

/// A number that may be none.
pub(super) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(i64::unsigned_abs))
}

/// A position from three columns.
pub(super) fn position(row: &Row<'_>, at: usize) -> rusqlite::Result<Position> {
    let (cursor, generation) = (row.get(at)?, row.get(at + 2)?);
    Ok(Position { cursor, number: number(row, at + 1)?, generation })
}

fn gap(row: &Row<'_>) -> rusqlite::Result<SourceGap> {
    Ok(SourceGap {
        event: EventId::from_uuid(row.get::<_, Id>(0)?.0),
        why: row.get::<_, Word<_>>(1)?.0,
        from: number(row, 2)?,
        to: number(row, 3)?,
        cursor: row.get(4)?,
        answer: row.get::<_, Word<_>>(5)?.0,
        at: Timestamp::from_micros(row.get(6)?),
        closed_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_micros),
    })
}

/// A word that stands for a value.
pub(super) struct Word<T>(pub(super) T);

impl<T: FromStr<Err: Error + Send + Sync + 'static>> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        let word = value.as_str()?.parse();
        word.map(Self).map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}
