//! Forget: conditions of jobs that are gone, and signals that came long ago.

use rusqlite::Connection;
use windlass_core::error::StoreError;
use windlass_core::limits::{KEEP_FINISHED, SWEEP_JOBS};
use windlass_core::time::{Timestamp, micros};

use crate::condition::signal;
use crate::maintenance::walk::{Walk, forget};

const WALK: Walk = Walk {
    names: ["old conditions", "conditions"],
    next: "select job, exists (select 1 from windlass_pending p where p.id = c.job) \
             or exists (select 1 from windlass_finished f where f.id = c.job) \
             or exists (select 1 from windlass_operation_job o where o.job = c.job and o.removed = 1) \
         from windlass_condition c where job > ?1 and job < ?2 order by job limit ?3",
    forget: "delete from windlass_condition where job = ?1",
};

pub(crate) fn conditions(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    forget(connection, &WALK, now)?;
    let before = now.as_micros().saturating_sub(micros(KEEP_FINISHED));
    signal::forget(connection, before, SWEEP_JOBS as i64)
}
