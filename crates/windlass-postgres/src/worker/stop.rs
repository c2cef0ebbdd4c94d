//! Stop: a worker is asked to end what it runs and to leave.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::connection::Connection;

const STOP: &str = "with wished as (update windlass.worker set stopping = true, attention = true \
     where id = $1::uuid returning id) \
     select pg_notify('windlass_' || replace(id::text, '-', ''), 'news') from wished";

pub(crate) async fn stop(connection: &Connection, worker: WorkerId) -> Result<bool, StoreError> {
    let rows = connection.query(STOP, &[(&worker.as_uuid(), Type::UUID)]).await?;
    Ok(!rows.is_empty())
}
