//! Settle: the end of an attempt, written only where its lease still holds.

use crate::row::one;
use std::cell::Cell;
use std::sync::Arc;

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::{Attempt, Fence, Meta, Outcome, Settled, Settlement, State, Verdict};
use windlass_core::json::Json;
use windlass_core::limits::{HISTORY_ENTRIES, KEEP_FINISHED};
use windlass_core::time::{Timestamp, micros};

use crate::condition::{cancel_unmet, tell_ends};
use crate::job::complete::Completions;
use crate::job::finish::{Finish, finish};
use crate::job::gate;
use crate::row::{Id, run};
use crate::store::context;

const CANCEL_REQUEST: &str = "select cancel from windlass_pending where id = ?1 and lease = ?2";
const BACK: &str = "update windlass_pending set state = ?3, run_at = ?4, failures = failures + ?5, \
     history = ?6, reason = null, lease = zeroblob(16), cancel = null \
     where id = ?1 and lease = ?2";
const WAITS_FOR: &str = "update windlass_pending set meta = ?2 where id = ?1 and state = -1";
const BEGIN_WAIT: &str = "insert into windlass_begin_wait (job, at) values (?1, ?2)";
/// A job that has waited for long gets the priority again that it was written with.
const UNAGE: &str = "update windlass_pending set priority = coalesce(meta ->> '$.aged', priority), \
     meta = json_remove(meta, '$.aged') where id = ?1 and lease = ?2";
pub(crate) const SETTLED_ONE: &str =
    "update windlass_lease set unsettled = unsettled - ?2 where id = ?1";
pub(crate) const DROP_EMPTY: &str = "delete from windlass_lease where id = ?1 and unsettled <= 0";

/// What a settlement knows besides itself.
pub(crate) struct SettleContext<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) label: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) prune_at: Timestamp,
    /// Whether completed jobs are kept, or only counted.
    pub(crate) keeps_completed: bool,
    /// Whether somebody who waited for one of the jobs was told.
    pub(crate) told: Cell<bool>,
    /// Whether jobs whose conditions cannot be met are being cancelled.
    pub(crate) is_cancelling: Cell<bool>,
}

impl SettleContext<'_> {
    /// Tells who waits for jobs that have ended in this state.
    pub(crate) fn tell(&self, ended: (&[JobId], State)) -> Result<(), StoreError> {
        if tell_ends(self.connection, ended, self.now)? {
            self.told.set(true);
            cancel_unmet(self)?;
        }
        Ok(())
    }
}

pub(crate) fn settle(
    context: &SettleContext<'_>,
    settlements: &[Settlement],
) -> Result<Vec<Settled>, StoreError> {
    let mut answers = Vec::with_capacity(settlements.len());
    let mut by_lease: Vec<(LeaseId, i64)> = Vec::new();
    let mut completions = Completions::start(context.connection)?;
    for settlement in settlements {
        let answer = settle_one(context, settlement, &mut completions)?;
        if answer == Settled::Done {
            match by_lease.iter_mut().find(|(lease, _)| *lease == settlement.lease) {
                Some((_, number)) => *number += 1,
                None => by_lease.push((settlement.lease, 1)),
            }
        }
        answers.push(answer);
    }
    completions.end(context)?;
    for (lease, number) in by_lease {
        run(context.connection, SETTLED_ONE, params![Id::from(lease), number])?;
        run(context.connection, DROP_EMPTY, [Id::from(lease)])?;
    }
    Ok(answers)
}

/// Completes a running job inside the transaction the connection is in; `false` where the lease
/// is lost.
///
/// # Errors
/// When SQLite refuses.
pub fn finish_in_transaction(
    connection: &Connection,
    fence: &Fence,
    output: Option<Json>,
) -> Result<bool, StoreError> {
    let now = Timestamp::wall_clock();
    let prune_at = now.after(KEEP_FINISHED);
    let context = SettleContext { prune_at, ..context(connection, &fence.label, now) };
    let settlement = Settlement {
        lease: fence.lease,
        job: Arc::clone(&fence.job),
        ran: None,
        verdict: Verdict::Complete { output },
    };
    Ok(settle(&context, &[settlement])? == [Settled::Done])
}

fn settle_one(
    context: &SettleContext<'_>,
    settlement: &Settlement,
    completions: &mut Completions<'_>,
) -> Result<Settled, StoreError> {
    if let Verdict::Confirm { otherwise } = &settlement.verdict {
        return match refused(context, settlement)? {
            Settled::Already => Ok(Settled::Already),
            _ => settle_one(
                context,
                &Settlement { verdict: (**otherwise).clone(), ..settlement.clone() },
                completions,
            ),
        };
    }
    let written = match &settlement.verdict {
        Verdict::Confirm { .. } => false,
        Verdict::Complete { output } => {
            completions.complete(context, settlement, output.as_ref())?
        }
        Verdict::Die { outcome, error, reason } => {
            ended(context, settlement, State::Dead, (*outcome, Some(error)), reason)?
        }
        Verdict::Cancel { outcome, reason } => {
            ended(context, settlement, State::Cancelled, (*outcome, None), reason)?
        }
        Verdict::Retry { outcome, error, delay } => {
            back(context, settlement, State::Retryable, (*outcome, Some(error)), micros(*delay))?
        }
        Verdict::Snooze { delay } => {
            back(context, settlement, State::Scheduled, (Outcome::Snoozed, None), micros(*delay))?
        }
        Verdict::Wait { .. } => wait(context, settlement)?,
        Verdict::Release { delay } => {
            let state = if delay.is_zero() { State::Available } else { State::Scheduled };
            back(context, settlement, state, (Outcome::Released, None), micros(*delay))?
        }
    };
    if written { Ok(Settled::Done) } else { refused(context, settlement) }
}

fn ended(
    context: &SettleContext<'_>,
    settlement: &Settlement,
    state: State,
    (outcome, error): (Outcome, Option<&String>),
    reason: &str,
) -> Result<bool, StoreError> {
    let attempt = attempt(context, settlement, outcome, error);
    let finish_as = Finish { state, reason: Some(reason), output: None, attempt: Some(&attempt) };
    let written = finish(context, settlement.job.id, settlement.lease, settlement.ran, &finish_as)?;
    if written {
        leave_gates(context, settlement, outcome)?;
    }
    Ok(written)
}

/// Gives back what the job had passed, and notes a failure where a breaker counts it. A dead job may keep its lane.
fn leave_gates(
    context: &SettleContext<'_>,
    settlement: &Settlement,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let job = &settlement.job;
    let held = params![Id::from(job.id), Id::from(settlement.lease)];
    if job.meta.line.is_some() {
        gate::give_back_but_block(context.connection, held)?;
    }
    if outcome.counts_as_failure() && outcome != Outcome::Lost {
        gate::failed(context.connection, job, context.now.as_micros())?;
    }
    Ok(())
}

/// Puts the job back; one that was cancelled meanwhile ends as cancelled instead.
fn back(
    context: &SettleContext<'_>,
    settlement: &Settlement,
    state: State,
    (outcome, error): (Outcome, Option<&String>),
    delay: i64,
) -> Result<bool, StoreError> {
    back_as(context, settlement, (state, state.code()), (outcome, error), delay)
}

/// Puts the job back to wait for a signal. What has come already makes it available at once.
fn wait(context: &SettleContext<'_>, settlement: &Settlement) -> Result<bool, StoreError> {
    let (id, connection) = (Id::from(settlement.job.id), context.connection);
    let state = (State::Waiting, State::AWAITS);
    if !back_as(context, settlement, state, (Outcome::Snoozed, None), 0)? {
        return Ok(false);
    }
    // One that was cancelled meanwhile has ended.
    let meta = settlement.going_back().job.meta.to_stored();
    if run(connection, WAITS_FOR, params![id, meta])? == 1 {
        run(connection, BEGIN_WAIT, params![id, context.now.as_micros()])?;
        context.told.set(true);
    }
    Ok(true)
}

/// The same, with the number under which the state is kept.
fn back_as(
    context: &SettleContext<'_>,
    settlement: &Settlement,
    (state, code): (State, i16),
    (outcome, error): (Outcome, Option<&String>),
    delay: i64,
) -> Result<bool, StoreError> {
    let (job, lease) = (Id::from(settlement.job.id), Id::from(settlement.lease));
    let Some(cancel) =
        one::<Option<String>>(context.connection, CANCEL_REQUEST, params![job, lease])?
    else {
        return Ok(false);
    };
    if let Some(reason) = cancel {
        let how = if outcome.counts_as_failure() { outcome } else { Outcome::Cancelled };
        return ended(context, settlement, State::Cancelled, (how, error), &reason);
    }
    let history = settlement.job.history.as_deref();
    // A job that was never started, handed back, leaves no trace but its attempt's number.
    let history = match settlement.ran {
        None if outcome == Outcome::Released => history.map(str::to_owned),
        _ => Some(append(history, &attempt(context, settlement, outcome, error))),
    };
    unage(context.connection, (&job, &lease), (&settlement.job.meta, state))?;
    let run_at = context.now.as_micros().saturating_add(delay);
    let failed = i64::from(outcome.counts_as_failure());
    let changed =
        run(context.connection, BACK, params![job, lease, code, run_at, failed, history])?;
    if changed == 1 {
        leave_gates(context, settlement, outcome)?;
    }
    Ok(changed == 1)
}

/// Takes away what a job has gained by waiting, before it goes back; what is handed back at once keeps it.
pub(crate) fn unage(
    connection: &Connection,
    (job, lease): (&Id, &Id),
    (meta, state): (&Meta, State),
) -> Result<(), StoreError> {
    if meta.aged.is_some() && state != State::Available {
        run(connection, UNAGE, params![job, lease])?;
    }
    Ok(())
}

fn attempt(
    context: &SettleContext<'_>,
    settlement: &Settlement,
    outcome: Outcome,
    error: Option<&String>,
) -> Attempt {
    Attempt {
        attempt: settlement.job.attempt,
        outcome,
        worker: context.label.to_owned(),
        started_at: settlement
            .ran
            .map(|ran| Timestamp::from_micros(context.now.as_micros().saturating_sub(micros(ran)))),
        ended_at: Some(context.now),
        error: error.cloned(),
    }
}

/// The history with one more attempt, the oldest giving way at the limit.
pub(crate) fn append(history: Option<&str>, attempt: &Attempt) -> String {
    let mut entries: Vec<Attempt> =
        history.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if entries.len() >= HISTORY_ENTRIES {
        entries.drain(..=entries.len() - HISTORY_ENTRIES);
    }
    entries.push(attempt.clone());
    serde_json::to_string(&entries).unwrap_or_else(|_| "[]".to_owned())
}

/// Why nothing was written: this worker wrote it before, or the lease is gone.
fn refused(context: &SettleContext<'_>, settlement: &Settlement) -> Result<Settled, StoreError> {
    // A rescue that ended the job did so in this worker's name: its last entry says "lost", and not when
    // the attempt began.
    const FINISHED: &str = "select 1 from windlass_finished where id = ?1 and attempt = ?2 and worker = ?3 \
         and not coalesce(history ->> '$[#-1].outcome' = 'lost' and history ->> '$[#-1].started_at' is null \
                          and history ->> '$[#-1].attempt' = ?2, 0)";
    let job = settlement.job.id;
    let finished: Option<i64> = one(
        context.connection,
        FINISHED,
        params![Id::from(job), settlement.job.attempt, context.label],
    )?;
    if finished.is_some() {
        return Ok(Settled::Already);
    }
    // Somebody else may have ended the job since.
    const HISTORY: &str = "select history from windlass_pending where id = ?1 \
         union all select history from windlass_finished where id = ?1";
    let history: Option<Option<String>> = one(context.connection, HISTORY, [Id::from(job)])?;
    let entries: Vec<Attempt> =
        history.flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let ours = entries.iter().any(|entry| {
        entry.attempt == settlement.job.attempt
            && entry.worker == context.label
            && (entry.outcome != Outcome::Lost || entry.started_at.is_some())
    });
    Ok(if ours { Settled::Already } else { Settled::Lost })
}
