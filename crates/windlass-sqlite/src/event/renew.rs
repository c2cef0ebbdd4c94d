//! Renew: the log is another one from now on.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::time::Timestamp;

use crate::row::one;

/// The revision is another one than any that was seen of a log that this one comes of, too: who knew that log can write nothing here.
const RENEW: &str = "update windlass_log \
     set epoch = max(epoch + 1, ?1 / 1000000), revision = max(revision + 1, ?1) returning epoch";

pub(crate) fn renew(connection: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let epoch: Option<i64> = one(connection, RENEW, [now.as_micros()])?;
    epoch.map(i64::unsigned_abs).ok_or_else(|| StoreError::Backend("the log has no row".into()))
}
