//! Release: what is unsettled of a lease is handed back.

use rusqlite::params;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::State;

use crate::job::finish::{Finish, finish};
use crate::job::settle::SettleContext;
use crate::lease::{drop_lease, held};
use crate::row::{Id, one, run};

const RELEASE: &str = "update windlass_pending set state = 2, run_at = ?3, lease = zeroblob(16) \
     where id = ?1 and lease = ?2 and cancel is null";

/// Hands back what is unsettled of a lease and drops it; jobs that were cancelled end.
pub(crate) fn release(context: &SettleContext<'_>, lease: LeaseId) -> Result<u64, StoreError> {
    let (connection, now) = (context.connection, context.now.as_micros());
    let mut released = 0;
    for job in held(connection, lease)? {
        let changed = run(connection, RELEASE, params![Id::from(job), Id::from(lease), now])?;
        if changed == 0 {
            end_cancelled(context, job, lease)?;
        }
        released += 1;
    }
    drop_lease(connection, lease)?;
    Ok(released)
}

fn end_cancelled(
    context: &SettleContext<'_>,
    job: JobId,
    lease: LeaseId,
) -> Result<(), StoreError> {
    const REASON: &str = "select cancel from windlass_pending where id = ?1 and lease = ?2";
    let reason: Option<Option<String>> =
        one(context.connection, REASON, params![Id::from(job), Id::from(lease)])?;
    let reason = reason.flatten().unwrap_or_default();
    let finish_as =
        Finish { state: State::Cancelled, reason: Some(&reason), output: None, attempt: None };
    finish(context, job, lease, None, &finish_as).map(drop)
}
