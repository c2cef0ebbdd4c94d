//! The journal: jobs as they were.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, OperationId};
use windlass_core::time::Timestamp;

use crate::row::{Id, run};

/// With whether others wait for it, or its batch.
const NOTE_PENDING: &str = "insert or ignore into windlass_operation_job \
     (operation, job, at, has_ended, removed, awaited, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, line, expires_at) \
     select ?1, ?2, ?3, 0, 0, exists ( \
       select 1 from windlass_condition c where c.state = 0 and c.awaits = ?2 and c.awaits is not null \
       union all \
       select 1 from windlass_member m join windlass_condition c on c.batch = m.batch and c.batch is not null \
       where m.job = ?2 and c.state = 0), \
     queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, line, expires_at from windlass_pending where id = ?2 and state <> 4";
/// With whether it keeps its lane.
const NOTE_FINISHED: &str = "insert or ignore into windlass_operation_job \
     (operation, job, at, has_ended, removed, blocks, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, started_at, finished_at, prune_at, worker, output) \
     select ?1, ?2, ?3, 1, 0, state = 7 and exists (select 1 from windlass_permit m where m.job = ?2 and m.blocks), \
     queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args, root, parent, \
     origin, meta, history, reason, started_at, finished_at, prune_at, worker, output from windlass_finished where id = ?2";
const STRIKE: &str = "delete from windlass_operation_job where operation = ?1 and job = ?2";

/// Notes a job that neither runs nor was noted before, as it is.
pub(super) fn note(
    connection: &Connection,
    (operation, job): (OperationId, JobId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let binds = params![Id::from(operation), Id::from(job), now.as_micros()];
    if run(connection, NOTE_PENDING, binds)? == 0 {
        run(connection, NOTE_FINISHED, binds)?;
    }
    Ok(())
}

/// Takes back the note of a job that was not changed.
pub(super) fn strike(
    connection: &Connection,
    (operation, job): (OperationId, JobId),
) -> Result<(), StoreError> {
    run(connection, STRIKE, [Id::from(operation), Id::from(job)]).map(drop)
}
