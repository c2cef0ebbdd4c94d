//! Cancel: a waiting job ends at once, a running one is asked to.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, WorkerId};
use windlass_core::job::{Attempt, Cancelled, State};

use crate::job::finish::{Finish, finish_waiting};
use crate::job::settle::SettleContext;
use crate::row::one;
use crate::row::{Id, run};

const PENDING: &str = "select state from windlass_pending where id = ?1";
const FINISHED: &str = "select state from windlass_finished where id = ?1";
const ASK: &str = "update windlass_pending set cancel = ?2 where id = ?1 and state = 4";
const ATTENTION: &str = "update windlass_worker set attention = 1 where id = \
     (select l.worker from windlass_lease l join windlass_pending p on p.lease = l.id where p.id = ?1) \
     returning id";

/// The answers, in the order of the ids, and the workers that were asked to stop one of the jobs.
pub(crate) fn cancel(
    context: &SettleContext<'_>,
    jobs: &[JobId],
    reason: &str,
) -> Result<(Vec<Cancelled>, Vec<WorkerId>), StoreError> {
    let mut asked = Vec::new();
    let answers = jobs.iter().map(|job| cancel_one(context, *job, reason, &mut asked));
    let answers = answers.collect::<Result<_, _>>()?;
    Ok((answers, asked))
}

fn cancel_one(
    context: &SettleContext<'_>,
    job: JobId,
    reason: &str,
    asked: &mut Vec<WorkerId>,
) -> Result<Cancelled, StoreError> {
    let pending: Option<i16> = one(context.connection, PENDING, [Id::from(job)])?;
    match pending.and_then(State::from_code) {
        Some(State::Running) => {
            run(context.connection, ASK, params![Id::from(job), reason])?;
            let told: Option<Id> = one(context.connection, ATTENTION, [Id::from(job)])?;
            asked.extend(told.map(|id| id.worker()));
            Ok(Cancelled::Requested)
        }
        Some(_) => {
            let finish_as = Finish {
                state: State::Cancelled,
                reason: Some(reason),
                output: None,
                attempt: None::<&Attempt>,
            };
            finish_waiting(context, job, &finish_as)?;
            Ok(Cancelled::Now)
        }
        None => Ok(finished(context.connection, job)?.map_or(Cancelled::Missing, Cancelled::Ended)),
    }
}

/// The state of a finished job.
pub(crate) fn finished(connection: &Connection, job: JobId) -> Result<Option<State>, StoreError> {
    let code: Option<i16> = one(connection, FINISHED, [Id::from(job)])?;
    Ok(code.and_then(State::from_code))
}
