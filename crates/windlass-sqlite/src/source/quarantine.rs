//! What was put aside is listed, and read again.

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::event::NewEvent;
use windlass_core::source::{QuarantineRecord, Release};
use windlass_core::time::Timestamp;

use super::list::number;
use crate::event::publish::publish;
use crate::row::{all, run};

const LIST: &str = "select nth, number, generation, reason, body, is_cut, at from windlass_quarantine \
     where source = ?1 and nth > ?2 order by nth limit ?3";
const REMOVE: &str = "delete from windlass_quarantine where source = ?1 and nth = ?2";
const IMPORTED: &str = "update windlass_source set imported = imported + ?2 where name = ?1";

pub(super) fn list(
    connection: &Connection,
    name: &str,
    after: u64,
    most: usize,
) -> Result<Vec<QuarantineRecord>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    all(connection, LIST, params![name, after, most], record)
}

fn record(row: &Row<'_>) -> rusqlite::Result<QuarantineRecord> {
    Ok(QuarantineRecord {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        number: number(row, 1)?,
        generation: row.get(2)?,
        reason: row.get(3)?,
        body: row.get(4)?,
        is_cut: row.get(5)?,
        at: Timestamp::from_micros(row.get(6)?),
    })
}

pub(super) fn release(
    connection: &Connection,
    (name, released): (&str, &[Release]),
    now: Timestamp,
) -> Result<Vec<bool>, StoreError> {
    let (mut gone, mut events) = (Vec::with_capacity(released.len()), Vec::<NewEvent>::new());
    for one in released {
        let was_there = run(connection, REMOVE, params![name, one.id.cast_signed()])? > 0;
        events.extend(one.event.clone().filter(|_| was_there));
        gone.push(was_there);
    }
    publish(connection, &events, now)?;
    run(connection, IMPORTED, params![name, events.len() as i64])?;
    Ok(gone)
}
