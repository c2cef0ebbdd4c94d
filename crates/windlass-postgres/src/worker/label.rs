//! The label of a worker that another process has registered.

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::connection::Connection;
use crate::row::get;

const LABEL: &str = "select label from windlass.worker where id = $1::uuid";

/// Its label, as it stands with the jobs it has run; its id where it is gone.
pub(crate) async fn label(connection: &Connection, worker: WorkerId) -> Result<String, StoreError> {
    let rows = connection.query(LABEL, &[(&worker.as_uuid(), Type::UUID)]).await?;
    rows.first().map_or_else(|| Ok(worker.to_string()), |row| get(row, 0))
}
