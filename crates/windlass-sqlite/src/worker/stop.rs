//! Stop: a worker is asked to end what it runs and to leave.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;

use crate::row::{Id, run};

pub(crate) fn stop(connection: &Connection, worker: WorkerId) -> Result<bool, StoreError> {
    const STOP: &str = "update windlass_worker set stopping = 1, attention = 1 where id = ?1";
    Ok(run(connection, STOP, [Id::from(worker)])? == 1)
}
