//! Quiet: a worker is asked to take no new work, or to take it again.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::worker::Quiet;

use crate::row::{Id, run};

pub(crate) fn quiet(
    connection: &Connection,
    worker: WorkerId,
    wish: Quiet,
) -> Result<bool, StoreError> {
    const QUIET: &str = "update windlass_worker set quiet = ?2, attention = 1 where id = ?1";
    Ok(run(connection, QUIET, params![Id::from(worker), wish == Quiet::On])? == 1)
}
