//! Finish: a row moves from `windlass_pending` to `windlass_finished`, and is counted.

use std::time::Duration;

use rusqlite::{Connection, params};
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::{Attempt, State};
use windlass_core::time::micros;

use crate::alert::tell;
use crate::job::settle::{SettleContext, append};
use crate::row::{Id, one, run};

/// How a job ends for good.
pub(crate) struct Finish<'a> {
    pub(crate) state: State,
    pub(crate) reason: Option<&'a str>,
    pub(crate) output: Option<&'a str>,
    /// The attempt that ended it, where that is worth an entry of its own.
    pub(crate) attempt: Option<&'a Attempt>,
}

const MOVE: &str = "insert into windlass_finished \
     (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at, \
      started_at, finished_at, prune_at, worker, args, output, reason, root, parent, origin, meta, history) \
     select id, queue, kind, version, ?3, priority, attempt, failures + ?4, losses, max_attempts, run_at, created_at, \
      ?5, ?6, ?7, ?8, args, ?9, ?10, root, parent, origin, meta, coalesce(?11, history) \
     from windlass_pending where id = ?1 and lease = ?2";
const REMOVE: &str = "delete from windlass_pending where id = ?1 and lease = ?2 returning queue";
pub(crate) const ADD_JOB_COUNT: &str = "insert into windlass_job_count (queue, state, jobs) values (?1, ?2, ?3) \
     on conflict (queue, state) do update set jobs = jobs + excluded.jobs";

/// Ends a running job; `false` where the lease does not hold it.
pub(crate) fn finish(
    context: &SettleContext<'_>,
    job: JobId,
    lease: LeaseId,
    ran: Option<Duration>,
    finish_as: &Finish<'_>,
) -> Result<bool, StoreError> {
    move_row(context, job, Some(lease), ran, finish_as)
}

/// Ends a job that is not running.
pub(crate) fn finish_waiting(
    context: &SettleContext<'_>,
    job: JobId,
    finish_as: &Finish<'_>,
) -> Result<bool, StoreError> {
    move_row(context, job, None, None, finish_as)
}

fn move_row(
    context: &SettleContext<'_>,
    job: JobId,
    lease: Option<LeaseId>,
    ran: Option<Duration>,
    finish_as: &Finish<'_>,
) -> Result<bool, StoreError> {
    const HISTORY: &str = "select history from windlass_pending where id = ?1 and lease = ?2";
    let held = Id(lease.map_or(Uuid::nil(), |lease| lease.as_uuid()));
    let failed = finish_as.attempt.is_some_and(|attempt| attempt.outcome.counts_as_failure());
    let history = match finish_as.attempt {
        None => None,
        Some(attempt) => {
            let former: Option<Option<String>> =
                one(context.connection, HISTORY, params![Id::from(job), held])?;
            Some(append(former.flatten().as_deref(), attempt))
        }
    };
    let started_at = ran.map(|ran| context.now.as_micros().saturating_sub(micros(ran)));
    let prune_at = (finish_as.state != State::Dead).then(|| context.prune_at.as_micros());
    let moved = run(
        context.connection,
        MOVE,
        params![
            Id::from(job),
            held,
            finish_as.state.code(),
            i64::from(failed),
            started_at,
            context.now.as_micros(),
            prune_at,
            lease.map(|_| context.label),
            finish_as.output,
            finish_as.reason,
            history,
        ],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    let queue: Option<String> = one(context.connection, REMOVE, params![Id::from(job), held])?;
    if let Some(queue) = queue {
        add_job_count(context.connection, &queue, finish_as.state.code(), 1)?;
    }
    if finish_as.state == State::Dead {
        tell::dead(context.connection, job, context.now)?;
    }
    context.tell((&[job], finish_as.state))?;
    Ok(true)
}

/// Counts finished jobs of a queue.
pub(crate) fn add_job_count(
    connection: &Connection,
    queue: &str,
    state: i16,
    jobs: i64,
) -> Result<(), StoreError> {
    run(connection, ADD_JOB_COUNT, params![queue, state, jobs]).map(drop)
}
