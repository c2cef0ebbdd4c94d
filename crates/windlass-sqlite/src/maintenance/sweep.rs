//! Sweep: what time brings. Due jobs become available; jobs of dead workers are taken back.

use rusqlite::{Connection, params};
use std::cell::Cell;
use std::time::Duration;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{
    AfterLoss, Attempt, Loss, Meta, Outcome, State, attempt_limit, loss_limit,
};
use windlass_core::limits::{LEADER_TTL, SWEEP_JOBS};
use windlass_core::maintenance::Swept;
use windlass_core::time::{Timestamp, micros};

use crate::alert::WANTED;
use crate::condition::pass::NEXT_MOMENT;
use crate::event::list::FEEDS;
use crate::job::finish::{Finish, finish};
use crate::job::settle::{SettleContext, append, unage};
use crate::lease::{drop_lease, held};
use crate::maintenance::age::HAS_AGINGS;
use crate::maintenance::expire::NEXT_EXPIRY;
use crate::maintenance::move_aside::HAS_PAUSES;
use crate::operation;
use crate::row::{Id, all, one, run};
use crate::schedule::due;

const LEADER: &str = "select worker, expires_at from windlass_leader where duty = 'sweep'";
const LEAD: &str = "insert into windlass_leader (duty, worker, expires_at) values ('sweep', ?1, ?2) \
     on conflict (duty) do update set worker = excluded.worker, expires_at = excluded.expires_at";
const DUE: &str = "select id from windlass_pending where run_at <= ?1 and state in (1, 3) order by run_at limit ?2";
const NEXT_DUE: &str = "select min(run_at) from windlass_pending where state in (1, 3)";
const PROMOTE: &str = "update windlass_pending set state = 2 where id = ?1 and state in (1, 3)";

const ORPHANS: &str = "select id, label, worker from windlass_lease l \
     where not exists (select 1 from windlass_worker w where w.id = l.worker)";

/// What a look without the write lock says about the need for a sweep.
pub(crate) struct Outlook {
    pub(crate) leader: Option<(WorkerId, Timestamp)>,
    /// When a job is due or expires.
    pub(crate) next_due: Option<Timestamp>,
    pub(crate) attention: bool,
    /// When a schedule is due, or is to be computed.
    pub(crate) next_fire: Option<Timestamp>,
    /// Whether a schedule's run waits for the end of the job before it.
    pub(crate) has_queued_run: bool,
    /// Whether there are leases of workers that are not registered any more.
    pub(crate) has_orphans: bool,
    /// Whether kinds are paused, or were until lately.
    pub(crate) has_pauses: bool,
    /// Whether the jobs of some queues age.
    pub(crate) has_agings: bool,
    /// Whether there are events that the subscriptions have not been fed.
    pub(crate) feeds: bool,
    /// Whether anybody wants alerts, or some have begun.
    pub(crate) alerts: bool,
    /// How long until an operation has a round.
    pub(crate) operates: Option<Duration>,
    /// Registered workers with the ends of their leases.
    pub(crate) workers: Vec<(WorkerId, Timestamp)>,
}

pub(crate) fn look(
    connection: &Connection,
    worker: WorkerId,
    now: Timestamp,
) -> Result<Outlook, StoreError> {
    const ATTENTION: &str = "select attention from windlass_worker where id = ?1";
    const WORKERS: &str = "select id, expires_at from windlass_worker";
    let worker_and_end = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, Id>(0)?.worker(), Timestamp::from_micros(row.get(1)?)))
    };
    let next_due: Option<Option<i64>> = one(connection, NEXT_DUE, [])?;
    let next_expiry: Option<Option<i64>> = one(connection, NEXT_EXPIRY, [])?;
    let next_moment: Option<Option<i64>> = one(connection, NEXT_MOMENT, [])?;
    let next = [next_due, next_expiry, next_moment].into_iter().filter_map(Option::flatten).min();
    Ok(Outlook {
        leader: all(connection, LEADER, [], worker_and_end)?.into_iter().next(),
        next_due: next.map(Timestamp::from_micros),
        next_fire: due::next(connection)?,
        has_queued_run: due::has_queued(connection)?,
        attention: one(connection, ATTENTION, [Id::from(worker)])?.unwrap_or(false),
        has_pauses: one(connection, HAS_PAUSES, [])?.unwrap_or(false),
        has_agings: one(connection, HAS_AGINGS, [])?.unwrap_or(false),
        feeds: one(connection, FEEDS, [now.as_micros()])?.unwrap_or(false),
        alerts: one(connection, WANTED, [])?.unwrap_or(false),
        operates: operation::next(connection, now)?,
        has_orphans: !all(connection, ORPHANS, [], |_| Ok(()))?.is_empty(),
        workers: all(connection, WORKERS, [], worker_and_end)?,
    })
}

/// Becomes or stays leader, unless another that is not among `dead` holds the duty.
pub(crate) fn lead(
    connection: &Connection,
    worker: WorkerId,
    dead: &[WorkerId],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let holder = all(connection, LEADER, [], |row| {
        Ok((row.get::<_, Id>(0)?.worker(), row.get::<_, i64>(1)?))
    })?;
    if let Some((holder, until)) = holder.first() {
        let holds = *until > now.as_micros() && !dead.contains(holder);
        if *holder != worker && holds {
            return Ok(false);
        }
    }
    let until = now.as_micros().saturating_add(micros(LEADER_TTL));
    run(connection, LEAD, params![Id::from(worker), until])?;
    Ok(true)
}

/// Makes due jobs available, a bounded number; says how many and on which queues.
pub(crate) fn promote(connection: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let most = i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX);
    let due = all(connection, DUE, params![now.as_micros(), most], |row| row.get::<_, Id>(0))?;
    let mut promoted = 0;
    for id in due {
        promoted += run(connection, PROMOTE, [id])? as u64;
    }
    Ok(promoted)
}

/// Takes back everything that is held by workers that are not registered any more.
pub(crate) fn rescue(context: &SettleContext<'_>, swept: &mut Swept) -> Result<(), StoreError> {
    let orphans = all(context.connection, ORPHANS, [], |row| {
        Ok((row.get::<_, Id>(0)?.lease(), row.get::<_, String>(1)?, row.get::<_, Id>(2)?.worker()))
    })?;
    for (lease, label, worker) in orphans {
        let context = SettleContext {
            label: &label,
            told: Cell::new(false),
            is_cancelling: Cell::new(false),
            ..*context
        };
        for job in held(context.connection, lease)? {
            if let Some(found) = standing(context.connection, (job, lease), worker)? {
                swept.rescued += 1;
                swept.died += u64::from(take_back(&context, (job, lease), found)?);
            }
        }
        drop_lease(context.connection, lease)?;
    }
    Ok(())
}

/// Where a held job stands when its worker has died.
struct Standing {
    attempt: u32,
    loss: Loss,
    history: Option<String>,
    cancel: Option<String>,
    meta: Meta,
}

fn standing(
    connection: &Connection,
    (job, lease): (JobId, LeaseId),
    worker: WorkerId,
) -> Result<Option<Standing>, StoreError> {
    const STANDING: &str = "select attempt, failures, losses, p.max_attempts, history, cancel, meta, \
         k.max_attempts, k.max_losses from windlass_pending p \
         left join windlass_kind_limit k on k.worker = ?3 and k.kind = p.kind where p.id = ?1 and p.lease = ?2";
    let binds = params![Id::from(job), Id::from(lease), Id::from(worker)];
    let found = all(connection, STANDING, binds, |row| {
        let meta = Meta::from_stored(row.get::<_, Option<String>>(6)?.as_deref());
        let loss = Loss {
            failures: row.get(1)?,
            losses: row.get(2)?,
            max_attempts: attempt_limit(row.get(3)?, row.get(7)?),
            max_losses: loss_limit(meta.max_losses, row.get(8)?),
        };
        let (attempt, history, cancel) = (row.get(0)?, row.get(4)?, row.get(5)?);
        Ok(Standing { attempt, loss, history, cancel, meta })
    })?;
    Ok(found.into_iter().next())
}

/// Takes one job back; `true` when it died of the loss.
fn take_back(
    context: &SettleContext<'_>,
    (job, lease): (JobId, LeaseId),
    found: Standing,
) -> Result<bool, StoreError> {
    // A job without a limit of losses may reach the end of the type.
    const DIED: &str = "update windlass_pending set losses = min(losses + 1, 32767) where id = ?1";
    const BACK: &str = "update windlass_pending set state = ?3, run_at = ?4, failures = failures + 1, \
         losses = min(losses + 1, 32767), history = ?5, lease = zeroblob(16) where id = ?1 and lease = ?2";
    let attempt = Attempt {
        attempt: found.attempt,
        outcome: Outcome::Lost,
        worker: context.label.to_owned(),
        started_at: None,
        ended_at: Some(context.now),
        error: None,
    };
    let end = |state, reason: &str| {
        let finish_as =
            Finish { state, reason: Some(reason), output: None, attempt: Some(&attempt) };
        finish(context, job, lease, None, &finish_as)
    };
    if let Some(reason) = found.cancel {
        return end(State::Cancelled, &reason).map(|_| false);
    }
    let (state, delay) = match found.loss.after() {
        AfterLoss::Dead(reason) => {
            run(context.connection, DIED, [Id::from(job)])?;
            return end(State::Dead, &reason);
        }
        AfterLoss::Available => (State::Available, 0),
        AfterLoss::Later(delay) => (State::Retryable, micros(delay)),
    };
    unage(context.connection, (&Id::from(job), &Id::from(lease)), (&found.meta, state))?;
    let history = append(found.history.as_deref(), &attempt);
    let run_at = context.now.as_micros().saturating_add(delay);
    run(
        context.connection,
        BACK,
        params![Id::from(job), Id::from(lease), state.code(), run_at, history],
    )?;
    Ok(false)
}
