//! Schedules: pause and resume.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::row::get;

const PAUSE: &str =
    "select windlass.pause_schedule($2::text, $3::text, coalesce($1::int8, windlass.now_us()))";
const RESUME: &str =
    "select windlass.resume_schedule($2::text, coalesce($1::int8, windlass.now_us()))";

pub(crate) async fn pause(
    connection: &Connection,
    name: &str,
    note: Option<&str>,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let row = connection
        .query_one(PAUSE, &[(&now, Type::INT8), (&name, Type::TEXT), (&note, Type::TEXT)])
        .await?;
    get(&row, 0)
}

pub(crate) async fn resume(
    connection: &Connection,
    name: &str,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let row = connection.query_one(RESUME, &[(&now, Type::INT8), (&name, Type::TEXT)]).await?;
    get(&row, 0)
}
