//! Quiet: a worker is asked to take no new work, or to take it again.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::worker::Quiet;

use crate::connection::Connection;

const QUIET: &str = "with wished as (update windlass.worker set quiet = $2::bool, attention = true \
     where id = $1::uuid returning id) \
     select pg_notify('windlass_' || replace(id::text, '-', ''), 'news') from wished";

pub(crate) async fn quiet(
    connection: &Connection,
    worker: WorkerId,
    wish: Quiet,
) -> Result<bool, StoreError> {
    let wish = wish == Quiet::On;
    let rows =
        connection.query(QUIET, &[(&worker.as_uuid(), Type::UUID), (&wish, Type::BOOL)]).await?;
    Ok(!rows.is_empty())
}
