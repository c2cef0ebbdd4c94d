//! Open a lane: what is behind a dead job that blocks goes on.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;

use crate::row::{Id, one};

/// Takes from a dead job what it keeps its lane by.
pub(crate) fn open_lane(connection: &Connection, line: &str) -> Result<Option<JobId>, StoreError> {
    const OPEN: &str = "delete from windlass_permit where gate = ?1 and blocks \
         and exists (select 1 from windlass_finished f where f.id = job and f.state = 7) returning job";
    Ok(one::<Id>(connection, OPEN, [line])?.map(Id::job))
}
