//! Forget: what was noted for an undo whose time is over, and operations that ended long ago.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::limits::OPERATION_KEEP;
use windlass_core::time::{Timestamp, micros};

use crate::row::run;

/// Notes removed in one round.
const NOTES: i64 = 5_000;
const FORGET: &str = "delete from windlass_operation_job where (operation, job) in \
     (select n.operation, n.job from windlass_operation o join windlass_operation_job n on n.operation = o.id \
      where o.undo_until <= ?1 limit ?2)";
const REMOVE: &str = "delete from windlass_operation where ended_at <= ?1 \
     and state in ('done', 'stopped', 'undone') \
     and not exists (select 1 from windlass_operation_job n where n.operation = id)";

pub(crate) fn forget(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    run(connection, FORGET, params![now.as_micros(), NOTES])?;
    let before = now.as_micros().saturating_sub(micros(OPERATION_KEEP));
    run(connection, REMOVE, [before]).map(drop)
}
