//! Renew: the log is another one from now on.

use windlass_core::error::StoreError;

use crate::connection::Connection;
use crate::row::get;

const RENEW: &str =
    "update windlass.log set epoch = epoch + 1, revision = revision + 1 returning epoch";

pub(super) async fn renew(connection: &Connection) -> Result<u64, StoreError> {
    let rows = connection.query(RENEW, &[]).await?;
    let none = || StoreError::Backend("the log has no row".into());
    Ok(get::<i64>(rows.first().ok_or_else(none)?, 0)?.unsigned_abs())
}
