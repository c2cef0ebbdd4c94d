//! Leases: which jobs each holds, in order. Read by the verbs of workers, jobs and maintenance.

use rusqlite::Connection;
use rusqlite::params;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::State;

use crate::row::{Id, all, one, run};

const LEASES: &str = "select id from windlass_lease where worker = ?1";

pub(crate) fn leases(
    connection: &Connection,
    worker: WorkerId,
) -> Result<Vec<LeaseId>, StoreError> {
    all(connection, LEASES, [Id::from(worker)], |row| Ok(row.get::<_, Id>(0)?.lease()))
}

/// The ids of a lease's jobs, in order.
pub(crate) fn jobs_of(connection: &Connection, lease: LeaseId) -> Result<Vec<JobId>, StoreError> {
    const JOBS: &str = "select jobs from windlass_lease where id = ?1";
    let packed: Option<Vec<u8>> = one(connection, JOBS, [Id::from(lease)])?;
    Ok(packed
        .unwrap_or_default()
        .chunks_exact(16)
        .filter_map(|bytes| uuid::Uuid::from_slice(bytes).ok())
        .map(JobId::from_uuid)
        .collect())
}

/// The jobs of a lease that still run under it.
pub(crate) fn held(connection: &Connection, lease: LeaseId) -> Result<Vec<JobId>, StoreError> {
    const HELD: &str = "select state from windlass_pending where id = ?1 and lease = ?2";
    let mut held = Vec::new();
    for job in jobs_of(connection, lease)? {
        let state: Option<i16> = one(connection, HELD, params![Id::from(job), Id::from(lease)])?;
        if state == Some(State::Running.code()) {
            held.push(job);
        }
    }
    Ok(held)
}

pub(crate) fn drop_lease(connection: &Connection, lease: LeaseId) -> Result<(), StoreError> {
    run(connection, "delete from windlass_lease where id = ?1", [Id::from(lease)]).map(drop)
}

/// Every lease with its jobs.
pub(crate) fn all_leases(connection: &Connection) -> Result<Vec<(Id, Vec<Id>)>, StoreError> {
    all(connection, "select id, jobs from windlass_lease", [], |row| {
        let packed: Vec<u8> = row.get(1)?;
        let jobs = packed.chunks_exact(16).filter_map(|b| uuid::Uuid::from_slice(b).ok()).map(Id);
        Ok((row.get(0)?, jobs.collect()))
    })
}
