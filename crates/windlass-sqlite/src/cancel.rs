//! Cancel: a waiting job ends at once, a running one is asked to.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::Attempt;
use windlass_core::state::State;
use windlass_core::store::Cancelled;

use crate::finish::{Ending, finish_waiting};
use crate::row::{Id, run};
use crate::settle::{Desk, one};

const PENDING: &str = "select state from windlass_pending where id = ?1";
const FINISHED: &str = "select state from windlass_finished where id = ?1";
const ASK: &str = "update windlass_pending set cancel = ?2 where id = ?1 and state = 4";
const ATTENTION: &str = "update windlass_worker set attention = 1 where id = \
     (select l.worker from windlass_lease l join windlass_pending p on p.lease = l.id where p.id = ?1)";

pub(crate) fn cancel(
    desk: &Desk<'_>,
    jobs: &[JobId],
    reason: &str,
) -> Result<Vec<Cancelled>, StoreError> {
    jobs.iter().map(|job| cancel_one(desk, *job, reason)).collect()
}

fn cancel_one(desk: &Desk<'_>, job: JobId, reason: &str) -> Result<Cancelled, StoreError> {
    let pending: Option<i16> = one(desk.connection, PENDING, [Id::from(job)])?;
    match pending.and_then(State::from_code) {
        Some(State::Running) => {
            run(desk.connection, ASK, params![Id::from(job), reason])?;
            run(desk.connection, ATTENTION, [Id::from(job)])?;
            Ok(Cancelled::Requested)
        }
        Some(_) => {
            let ending = Ending {
                state: State::Cancelled,
                reason: Some(reason),
                output: None,
                attempt: None::<&Attempt>,
            };
            finish_waiting(desk, job, &ending)?;
            Ok(Cancelled::Now)
        }
        None => Ok(finished(desk.connection, job)?.map_or(Cancelled::Missing, Cancelled::Ended)),
    }
}

/// The state of a finished job.
pub(crate) fn finished(connection: &Connection, job: JobId) -> Result<Option<State>, StoreError> {
    let code: Option<i16> = one(connection, FINISHED, [Id::from(job)])?;
    Ok(code.and_then(State::from_code))
}
