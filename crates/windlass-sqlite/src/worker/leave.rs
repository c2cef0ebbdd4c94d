//! Leave: a worker goes off the list; what it held was handed back.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::row::{Id, run};

pub(crate) fn remove(connection: &Connection, worker: WorkerId) -> Result<(), StoreError> {
    run(connection, "delete from windlass_worker where id = ?1", [Id::from(worker)])?;
    run(connection, "delete from windlass_leader where worker = ?1", [Id::from(worker)]).map(drop)
}
