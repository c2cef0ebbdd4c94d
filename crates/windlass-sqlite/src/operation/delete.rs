//! Delete: a job that has ended is removed. What belongs to it goes with the note of how it was.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, OperationId};
use windlass_core::job::State;

use crate::job::finish::add_job_count;
use crate::row::{Id, all, one, run};

const DELETE: &str = "delete from windlass_finished where id = ?1 returning queue, state";
const REMOVED: &str =
    "update windlass_operation_job set removed = 1 where operation = ?1 and job = ?2";
const PENDING: &str = "select state from windlass_pending where id = ?1";

/// What came of it.
pub(super) enum Deleted {
    Now,
    Unended,
    Missing,
}

pub(super) fn delete(
    connection: &Connection,
    (operation, job): (OperationId, JobId),
) -> Result<Deleted, StoreError> {
    let ended = all(connection, DELETE, [Id::from(job)], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i16>(1)?))
    })?;
    let Some((queue, state)) = ended.into_iter().next() else {
        let pending: Option<i16> = one(connection, PENDING, [Id::from(job)])?;
        return Ok(pending.map_or(Deleted::Missing, |_| Deleted::Unended));
    };
    add_job_count(connection, &queue, state, -1)?;
    add_job_count(connection, &queue, State::PRUNED, 1)?;
    run(connection, REMOVED, [Id::from(operation), Id::from(job)])?;
    Ok(Deleted::Now)
}
