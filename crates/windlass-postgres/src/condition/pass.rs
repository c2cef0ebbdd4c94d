//! Pass: moments that jobs wait for, their deadlines, and jobs that have ended unseen.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::store::Now;

use crate::connection::{Bind, Connection};
use crate::row::get;

const PASS: &str =
    "select windlass.pass_moments(coalesce($1::int8, windlass.now_us()), $2::int8::int4, $3::bool)";

/// How many conditions were changed, and whether there may be more.
pub(crate) async fn pass(
    connection: &Connection,
    keeps_completed: bool,
    now: Now,
) -> Result<(u64, bool), StoreError> {
    let most = SWEEP_JOBS as i64;
    let now = now.micros();
    let binds: [Bind<'_>; 3] =
        [(&now, Type::INT8), (&most, Type::INT8), (&keeps_completed, Type::BOOL)];
    let row = connection.query_one(PASS, &binds).await?;
    let changed = get::<i64>(&row, 0)?.unsigned_abs();
    Ok((changed, changed >= SWEEP_JOBS as u64))
}
