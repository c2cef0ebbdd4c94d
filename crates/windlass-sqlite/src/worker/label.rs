//! The label of a worker that another process has registered.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::row::{Id, one};

/// Its label, as it stands with the jobs it has run; its id where it is gone.
pub(crate) fn label(connection: &Connection, worker: WorkerId) -> Result<String, StoreError> {
    const LABEL: &str = "select label from windlass_worker where id = ?1";
    let found = one::<String>(connection, LABEL, [Id::from(worker)])?;
    Ok(found.unwrap_or_else(|| worker.to_string()))
}
