//! Remove: a schedule that is not declared is gone, one that is stays on the list as removed.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::row::get;

const REMOVE: &str =
    "select windlass.remove_schedule($2::text, coalesce($1::int8, windlass.now_us()))";

pub(crate) async fn remove(
    connection: &Connection,
    name: &str,
    now: Now,
) -> Result<bool, StoreError> {
    let now = now.micros();
    let row = connection.query_one(REMOVE, &[(&now, Type::INT8), (&name, Type::TEXT)]).await?;
    get(&row, 0)
}
