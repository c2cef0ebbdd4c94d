//! Age: jobs that have waited for long go before more urgent ones, in the queues that say so.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::row::get;

const AGE: &str = "select raised, is_full from windlass.age_jobs(coalesce($1::int8, windlass.now_us()), $2::int4)";

/// How many jobs were raised in one bounded round, and whether there may be more to do at once.
pub(crate) async fn age(connection: &Connection, now: Now) -> Result<(u64, bool), StoreError> {
    let most = i32::try_from(SWEEP_JOBS).unwrap_or(i32::MAX);
    let binds = [(&now.micros() as _, Type::INT8), (&most as _, Type::INT4)];
    let row = connection.query_one(AGE, &binds).await?;
    Ok((get::<i64>(&row, 0)?.unsigned_abs(), get(&row, 1)?))
}
