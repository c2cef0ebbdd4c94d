//! What was put aside is listed, and read again.

use std::collections::BTreeSet;

use tokio_postgres::Row;
use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::source::{QuarantineRecord, Release};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use super::list::number;
use crate::connection::patience::{Gate, patiently};
use crate::connection::{Bind, Connection};
use crate::event::publish::Columns;
use crate::row::get;

const LIST: &str = "select nth, number, generation, reason, body, is_cut, at from windlass.quarantine \
     where source = $1::text and nth > $2::int8 order by nth limit $3::int8";
/// It waits for another transaction that publishes one of its events.
const RELEASE: &str = "select windlass.release_quarantined(coalesce($1::int8, windlass.now_us()), $2::text, $3::int8[], $4::uuid[], $5::text[], \
     $6::text[], $7::text[], $8::text[], $9::int8[], $10::text[], $11::uuid[], $12::uuid[], $13::text[]) \
     from (select set_config('lock_timeout', $14::text, true) as setting) as patience where patience.setting is not null";

pub(super) async fn list(
    connection: &Connection,
    name: &str,
    after: u64,
    most: usize,
) -> Result<Vec<QuarantineRecord>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let binds: [Bind<'_>; 3] = [(&name, Type::TEXT), (&after, Type::INT8), (&most, Type::INT8)];
    connection.query(LIST, &binds).await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<QuarantineRecord, StoreError> {
    Ok(QuarantineRecord {
        id: get::<i64>(row, 0)?.unsigned_abs(),
        number: number(row, 1)?,
        generation: get::<i32>(row, 2)?.unsigned_abs(),
        reason: get(row, 3)?,
        body: get(row, 4)?,
        is_cut: get(row, 5)?,
        at: Timestamp::from_micros(get(row, 6)?),
    })
}

pub(super) async fn release(
    writes: (&Connection, &Gate),
    (name, released): (&str, &[Release]),
    now: Now,
) -> Result<Vec<bool>, StoreError> {
    if released.is_empty() {
        return Ok(Vec::new());
    }
    let events = || released.iter().map(|one| one.event.as_ref());
    events().flatten().try_for_each(windlass_core::event::NewEvent::check)?;
    let (now, columns) = (now.micros(), Columns::of(events()));
    let ids: Vec<i64> = released.iter().map(|one| one.id.cast_signed()).collect();
    let mut binds: Vec<Bind<'_>> =
        vec![(&now, Type::INT8), (&name, Type::TEXT), (&ids, Type::INT8_ARRAY)];
    binds.extend(columns.binds());
    let rows = patiently(writes, RELEASE, &binds, "an event with this id").await?;
    let gone: Vec<i64> = rows.first().map_or(Ok(Vec::new()), |row| get(row, 0))?;
    let mut gone: BTreeSet<i64> = gone.into_iter().collect();
    Ok(ids.iter().map(|id| gone.remove(id)).collect())
}
