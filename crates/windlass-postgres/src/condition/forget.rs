//! Forget: conditions of jobs that are gone, and signals that came long ago.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::limits::{KEEP_FINISHED, SWEEP_JOBS};
use windlass_core::time::micros;

use crate::connection::Connection;

/// A walk's next part: see [`Walks`](crate::maintenance::walk::Walks).
pub(crate) const CONDITIONS: &str =
    "select last_job, removed from windlass.forget_conditions($1::uuid, $2::uuid, $3::int4)";
const SIGNALS: &str = "select windlass.forget_signals($1::int8, $2::int8::int4)";

pub(crate) async fn signals(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let (before, most) = (now.saturating_sub(micros(KEEP_FINISHED)), SWEEP_JOBS as i64);
    connection.query(SIGNALS, &[(&before, Type::INT8), (&most, Type::INT8)]).await.map(drop)
}
