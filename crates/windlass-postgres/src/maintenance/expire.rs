//! Expire: jobs that have not started in time are cancelled.

use std::time::Duration;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::limits::{HISTORY_ENTRIES, KEEP_FINISHED, SWEEP_JOBS};
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::transaction::Transaction;
use crate::connection::{Bind, Connection};
use crate::row::get;

const EXPIRE: &str = include_str!("expire.sql");

/// Which jobs are looked at.
pub(crate) enum Expiring<'a> {
    /// All, a bounded number of them.
    Any,
    /// These.
    These(&'a [Uuid]),
}

/// Cancels those of these jobs that have expired, in a transaction.
pub(crate) async fn expire_in(
    transaction: &Transaction<'_>,
    jobs: &[Uuid],
    now: i64,
) -> Result<(), StoreError> {
    let binds: [Bind<'_>; 5] = [
        (&now, Type::INT8),
        (&i64::try_from(jobs.len()).unwrap_or(i64::MAX), Type::INT8),
        (&micros(KEEP_FINISHED), Type::INT8),
        (&i32::try_from(HISTORY_ENTRIES).unwrap_or(i32::MAX), Type::INT4),
        (&jobs, Type::UUID_ARRAY),
    ];
    transaction.run(EXPIRE, &binds).await.map(drop)
}

/// How many were cancelled, and how long until the next one expires.
pub(crate) async fn expire(
    connection: &Connection,
    which: Expiring<'_>,
    now: Now,
) -> Result<(u64, Option<Duration>), StoreError> {
    let (most, these) = match which {
        Expiring::Any => (SWEEP_JOBS, None),
        Expiring::These(jobs) => (jobs.len(), Some(jobs)),
    };
    let binds: [Bind<'_>; 5] = [
        (&now.micros(), Type::INT8),
        (&i64::try_from(most).unwrap_or(i64::MAX), Type::INT8),
        (&micros(KEEP_FINISHED), Type::INT8),
        (&i32::try_from(HISTORY_ENTRIES).unwrap_or(i32::MAX), Type::INT4),
        (&these, Type::UUID_ARRAY),
    ];
    let row = connection.query_one(EXPIRE, &binds).await?;
    let expired = get::<i64>(&row, 0)?.unsigned_abs();
    let next = get::<Option<i64>>(&row, 1)?.map(|us| Duration::from_micros(us.unsigned_abs()));
    // There may be more.
    Ok((expired, if expired >= most as u64 { Some(Duration::ZERO) } else { next }))
}
