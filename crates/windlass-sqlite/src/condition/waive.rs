//! Waive: a person lets a job pass one of its conditions, by one statement, so that SQL does the same.

use rusqlite::{Connection, params};
use windlass_core::condition::Waived;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::time::Timestamp;

use crate::row::{Id, one, run};

pub(crate) fn waive(
    connection: &Connection,
    (job, name): (JobId, &str),
    note: Option<&str>,
    now: Timestamp,
) -> Result<Waived, StoreError> {
    const IS_OPEN: &str = "select state = 0 and exists (select 1 from windlass_pending p where p.id = c.job and p.state = -1) \
         from windlass_condition c where job = ?1 and name = ?2 and nth > 0";
    const WAIVE: &str = "insert into windlass_waive (job, name, note, at) values (?1, ?2, ?3, ?4)";
    let id = Id::from(job);
    match one::<bool>(connection, IS_OPEN, params![id, name])? {
        None => Ok(Waived::Missing),
        Some(false) => Ok(Waived::Unneeded),
        Some(true) => {
            run(connection, WAIVE, params![id, name, note, now.as_micros()])?;
            Ok(Waived::Now)
        }
    }
}
