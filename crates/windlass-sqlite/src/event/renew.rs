//! Renew: the log is another one from now on.

use rusqlite::Connection;
use windlass_core::error::StoreError;

use crate::row::one;

const RENEW: &str =
    "update windlass_log set epoch = epoch + 1, revision = revision + 1 returning epoch";

pub(super) fn renew(connection: &Connection) -> Result<u64, StoreError> {
    let epoch: Option<i64> = one(connection, RENEW, [])?;
    epoch.map(i64::unsigned_abs).ok_or_else(|| StoreError::Backend("the log has no row".into()))
}
