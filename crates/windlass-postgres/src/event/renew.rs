//! Renew: the log is another one from now on.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::row::get;

/// The revision is another one than any that was seen of a log that this one comes of, too: who knew that log can write nothing here.
const RENEW: &str = "update windlass.log set epoch = greatest(epoch + 1, t.us / 1000000), revision = greatest(revision + 1, t.us) \
     from (select coalesce($1::int8, windlass.now_us()) as us) as t returning epoch";

pub(super) async fn renew(connection: &Connection, now: Now) -> Result<u64, StoreError> {
    let rows = connection.query(RENEW, &[(&now.micros(), Type::INT8)]).await?;
    let none = || StoreError::Backend("the log has no row".into());
    Ok(get::<i64>(rows.first().ok_or_else(none)?, 0)?.unsigned_abs())
}
