//! Waive: a person lets a job pass one of its conditions.

use rusqlite::{Connection, params};
use windlass_core::condition::Waived;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::time::Timestamp;

use crate::row::{Id, one, run};

pub(crate) const RELEASE: &str = "insert into windlass_release (job, at) values (?1, ?2)";

pub(crate) fn waive(
    connection: &Connection,
    (job, name): (JobId, &str),
    note: Option<&str>,
    now: Timestamp,
) -> Result<Waived, StoreError> {
    const FOUND: &str =
        "select state from windlass_condition where job = ?1 and name = ?2 and nth > 0";
    const WAIVE: &str = "update windlass_condition set state = 2, since = ?3, note = ?4 \
         where job = ?1 and name = ?2 and nth > 0 and state = 0 \
           and exists (select 1 from windlass_pending p where p.id = ?1 and p.state = -1)";
    let id = Id::from(job);
    if one::<i64>(connection, FOUND, params![id, name])?.is_none() {
        return Ok(Waived::Missing);
    }
    if run(connection, WAIVE, params![id, name, now.as_micros(), note])? == 0 {
        return Ok(Waived::Unneeded);
    }
    run(connection, RELEASE, params![id, now.as_micros()])?;
    Ok(Waived::Now)
}
