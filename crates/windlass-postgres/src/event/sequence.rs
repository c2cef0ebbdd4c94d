//! Sequence: what was published gets its positions in the log.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::row::get;

const SEQUENCE: &str =
    "select windlass.sequence_at(coalesce($1::int8, windlass.now_us()), $2::int8::int4)";

const WAITS: &str = "select exists (select from windlass.intake)";

/// On a standby nothing gets a position: where an event has none, its reader has to ask the primary.
pub(super) async fn is_done(connection: &Connection) -> Result<u64, StoreError> {
    if !get::<bool>(&connection.query_one(WAITS, &[]).await?, 0)? {
        return Ok(0);
    }
    let reason = "events wait for their places in the log, which the primary alone gives";
    Err(StoreError::Unavailable { reason: reason.to_owned() })
}

pub(super) async fn sequence(
    connection: &Connection,
    most: usize,
    now: Now,
) -> Result<u64, StoreError> {
    let (now, most) = (now.micros(), i64::from(i32::try_from(most).unwrap_or(i32::MAX)));
    let rows = connection.query(SEQUENCE, &[(&now, Type::INT8), (&most, Type::INT8)]).await?;
    rows.first().map_or(Ok(0), |row| Ok(get::<i64>(row, 0)?.unsigned_abs()))
}
