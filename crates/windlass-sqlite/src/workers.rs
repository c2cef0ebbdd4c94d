//! Workers: register, renew, leave; and what a lease still holds.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::state::State;
use windlass_core::store::{Beat, Quiet, Registration};
use windlass_core::time::{Timestamp, micros};

use crate::finish::{Ending, finish};
use crate::row::{Id, all, run};
use crate::settle::{Desk, one};

const REGISTER: &str = "insert into windlass_worker \
     (id, label, host, pid, build, queues, handlers, slots, started_at, seen_at, expires_at) \
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10) \
     on conflict (id) do update set seen_at = excluded.seen_at, expires_at = excluded.expires_at";
const RENEW: &str = "update windlass_worker set seen_at = ?2, expires_at = ?3, attention = 0 where id = ?1 returning quiet";
const LEASES: &str = "select id from windlass_lease where worker = ?1";
const CANCEL: &str =
    "select cancel from windlass_pending where id = ?1 and lease = ?2 and cancel is not null";
const RELEASE: &str = "update windlass_pending set state = 2, run_at = ?3, lease = zeroblob(16) \
     where id = ?1 and lease = ?2 and cancel is null";

pub(crate) fn register(
    connection: &Connection,
    worker: &Registration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let list = |names: &[String]| serde_json::to_string(names).unwrap_or_default();
    let handlers: Vec<String> = worker.handlers.iter().map(|key| key.as_str().to_owned()).collect();
    run(
        connection,
        REGISTER,
        params![
            Id::from(worker.worker),
            worker.label,
            worker.host,
            worker.pid,
            worker.build,
            list(&worker.queues),
            list(&handlers),
            worker.slots,
            now.as_micros(),
            now.as_micros().saturating_add(micros(worker.lease)),
        ],
    )?;
    Ok(())
}

pub(crate) fn heartbeat(
    connection: &Connection,
    worker: WorkerId,
    lease: i64,
    now: Timestamp,
) -> Result<Beat, StoreError> {
    let until = now.as_micros().saturating_add(lease);
    let quiet: Option<bool> =
        one(connection, RENEW, params![Id::from(worker), now.as_micros(), until])?;
    let Some(quiet) = quiet else { return Ok(Beat::Gone) };
    let leases = leases(connection, worker)?;
    let cancels = cancels(connection, &leases)?;
    Ok(Beat::Alive { leases, cancels, quiet })
}

/// The running jobs that were called off, with the reasons. Every job held is looked at: an index
/// would be asked at every claim and every end, and this is one beat in ten seconds.
fn cancels(
    connection: &Connection,
    leases: &[LeaseId],
) -> Result<Vec<(JobId, String)>, StoreError> {
    let mut cancels = Vec::new();
    for lease in leases {
        for job in jobs_of(connection, *lease)? {
            let reason = one(connection, CANCEL, params![Id::from(job), Id::from(*lease)])?;
            cancels.extend(reason.map(|reason| (job, reason)));
        }
    }
    Ok(cancels)
}

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

pub(crate) fn drop_lease(connection: &Connection, lease: LeaseId) -> Result<(), StoreError> {
    run(connection, "delete from windlass_lease where id = ?1", [Id::from(lease)]).map(drop)
}

/// Hands back what is unsettled of a lease and drops it; jobs that were called off end.
pub(crate) fn release(desk: &Desk<'_>, lease: LeaseId) -> Result<u64, StoreError> {
    let (connection, now) = (desk.connection, desk.now.as_micros());
    let mut released = 0;
    for job in held(connection, lease)? {
        let changed = run(connection, RELEASE, params![Id::from(job), Id::from(lease), now])?;
        if changed == 0 {
            end_called_off(desk, job, lease)?;
        }
        released += 1;
    }
    drop_lease(connection, lease)?;
    Ok(released)
}

fn end_called_off(desk: &Desk<'_>, job: JobId, lease: LeaseId) -> Result<(), StoreError> {
    const REASON: &str = "select cancel from windlass_pending where id = ?1 and lease = ?2";
    let reason: Option<Option<String>> =
        one(desk.connection, REASON, params![Id::from(job), Id::from(lease)])?;
    let reason = reason.flatten().unwrap_or_default();
    let ending =
        Ending { state: State::Cancelled, reason: Some(&reason), output: None, attempt: None };
    finish(desk, job, lease, None, &ending).map(drop)
}

pub(crate) fn remove(connection: &Connection, worker: WorkerId) -> Result<(), StoreError> {
    run(connection, "delete from windlass_worker where id = ?1", [Id::from(worker)])?;
    run(connection, "delete from windlass_leader where worker = ?1", [Id::from(worker)]).map(drop)
}

pub(crate) fn quiet(
    connection: &Connection,
    worker: WorkerId,
    wish: Quiet,
) -> Result<bool, StoreError> {
    const WISH: &str = "update windlass_worker set quiet = ?2, attention = 1 where id = ?1";
    Ok(run(connection, WISH, params![Id::from(worker), wish == Quiet::On])? == 1)
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
