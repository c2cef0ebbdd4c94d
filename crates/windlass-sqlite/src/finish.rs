//! Finish: a row moves from `windlass_pending` to `windlass_finished`, and is counted.

use std::time::Duration;

use rusqlite::{Connection, params};
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::Attempt;
use windlass_core::state::State;
use windlass_core::time::micros;

use crate::row::{Id, run};
use crate::settle::{Desk, append, one};

/// How a job ends for good.
pub(crate) struct Ending<'a> {
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
pub(crate) const TALLY: &str = "insert into windlass_tally (queue, state, jobs) values (?1, ?2, ?3) \
     on conflict (queue, state) do update set jobs = jobs + excluded.jobs";

/// Ends a running job; `false` where the lease does not hold it.
pub(crate) fn finish(
    desk: &Desk<'_>,
    job: JobId,
    lease: LeaseId,
    ran: Option<Duration>,
    ending: &Ending<'_>,
) -> Result<bool, StoreError> {
    move_row(desk, job, Some(lease), ran, ending)
}

/// Ends a job that is not running.
pub(crate) fn finish_waiting(
    desk: &Desk<'_>,
    job: JobId,
    ending: &Ending<'_>,
) -> Result<bool, StoreError> {
    move_row(desk, job, None, None, ending)
}

fn move_row(
    desk: &Desk<'_>,
    job: JobId,
    lease: Option<LeaseId>,
    ran: Option<Duration>,
    ending: &Ending<'_>,
) -> Result<bool, StoreError> {
    const HISTORY: &str = "select history from windlass_pending where id = ?1 and lease = ?2";
    let held = Id(lease.map_or(Uuid::nil(), |lease| lease.as_uuid()));
    let failed = ending.attempt.is_some_and(|attempt| attempt.outcome.counts_as_failure());
    let history = match ending.attempt {
        None => None,
        Some(attempt) => {
            let former: Option<Option<String>> =
                one(desk.connection, HISTORY, params![Id::from(job), held])?;
            Some(append(former.flatten().as_deref(), attempt))
        }
    };
    let started_at = ran.map(|ran| desk.now.as_micros().saturating_sub(micros(ran)));
    let prune_at = (ending.state != State::Dead).then(|| desk.prune_at.as_micros());
    let moved = run(
        desk.connection,
        MOVE,
        params![
            Id::from(job),
            held,
            ending.state.code(),
            i64::from(failed),
            started_at,
            desk.now.as_micros(),
            prune_at,
            lease.map(|_| desk.label),
            ending.output,
            ending.reason,
            history,
        ],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    let queue: Option<String> = one(desk.connection, REMOVE, params![Id::from(job), held])?;
    if let Some(queue) = queue {
        tally(desk.connection, &queue, ending.state.code(), 1)?;
    }
    Ok(true)
}

/// Counts finished jobs of a queue.
pub(crate) fn tally(
    connection: &Connection,
    queue: &str,
    state: i16,
    jobs: i64,
) -> Result<(), StoreError> {
    run(connection, TALLY, params![queue, state, jobs]).map(drop)
}
