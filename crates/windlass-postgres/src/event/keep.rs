//! Keep: how long events stay, and the removal of those whose time is over.

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::event::Keep;
use windlass_core::limits::FORGET_EVENTS;
use windlass_core::subscription::job_of;
use windlass_core::time::{Timestamp, micros};

use crate::connection::Connection;
use crate::row::get;

const KEEP: &str = "update windlass.log set keep = $1::int8, at_most = $2::int8";
/// Those whose time may be over, behind the last one of the round before; a row without one where there is none.
const CANDIDATES: &str = "select e.position, e.recorded_at, l.walked from windlass.log l left join lateral ( \
       select next.position, next.recorded_at \
       from (select position, recorded_at from windlass.event \
             where position > l.walked and position <= l.routed order by position limit $2::int8) as next \
       where next.recorded_at < $1::int8 - l.keep) as e on true order by e.position";
const FORGET: &str =
    "select windlass.forget_events_at($1::int8, $2::int8[], $3::uuid[], $4::uuid[])";
const WALK_AGAIN: &str = "update windlass.log set walked = 0";

pub(super) async fn keep(connection: &Connection, keep: Keep) -> Result<(), StoreError> {
    let (at_least, at_most) = (micros(keep.at_least), keep.at_most.map(micros));
    let binds = [(&at_least as _, Type::INT8), (&at_most as _, Type::INT8)];
    connection.query(KEEP, &binds).await.map(drop)
}

/// Removes events whose time is over, the next ones of a walk over the log; how many.
pub(crate) async fn forget(connection: &Connection, now: i64) -> Result<u64, StoreError> {
    let most = i64::try_from(FORGET_EVENTS).unwrap_or(i64::MAX);
    let rows = connection.query(CANDIDATES, &[(&now, Type::INT8), (&most, Type::INT8)]).await?;
    let mut positions: Vec<i64> = Vec::with_capacity(rows.len());
    let (mut lows, mut highs): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(position) = get::<Option<i64>>(row, 0)? else { continue };
        let recorded_at = Timestamp::from_micros(get(row, 1)?);
        let job = |number| job_of(recorded_at, position.unsigned_abs(), number).as_uuid();
        positions.push(position);
        lows.push(job(0));
        highs.push(job(u32::MAX));
    }
    if positions.is_empty() {
        let walked = rows.first().map_or(Ok(0), |row| get::<i64>(row, 2))?;
        if walked > 0 {
            connection.query(WALK_AGAIN, &[]).await?;
        }
        return Ok(0);
    }
    let binds = [
        (&now as _, Type::INT8),
        (&positions as _, Type::INT8_ARRAY),
        (&lows as _, Type::UUID_ARRAY),
        (&highs as _, Type::UUID_ARRAY),
    ];
    let gone = connection.query_one(FORGET, &binds).await?;
    Ok(get::<i64>(&gone, 0)?.unsigned_abs())
}
