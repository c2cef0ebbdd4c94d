//! Sweep: what time brings. Due jobs become available; jobs of dead workers are taken back.

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::Attempt;
use windlass_core::limits::{LEADER_TTL, SWEEP_JOBS};
use windlass_core::loss::{AfterLoss, after_loss};
use windlass_core::state::{Outcome, State};
use windlass_core::store::Swept;
use windlass_core::time::{Timestamp, micros};

use crate::finish::{Ending, finish};
use crate::row::{Id, all, run};
use crate::settle::{Desk, append, one};
use crate::workers;

const LEADER: &str = "select worker, expires_at from windlass_leader where duty = 'sweep'";
const LEAD: &str = "insert into windlass_leader (duty, worker, expires_at) values ('sweep', ?1, ?2) \
     on conflict (duty) do update set worker = excluded.worker, expires_at = excluded.expires_at";
const DUE: &str = "select id from windlass_pending where run_at <= ?1 and state in (1, 3) order by run_at limit ?2";
const NEXT_DUE: &str = "select min(run_at) from windlass_pending where state in (1, 3)";
const PROMOTE: &str = "update windlass_pending set state = 2 where id = ?1 and state in (1, 3)";

const ORPHANS: &str = "select id, label from windlass_lease l \
     where not exists (select 1 from windlass_worker w where w.id = l.worker)";

/// What a look without the write lock says about the need for a sweep.
pub(crate) struct Outlook {
    pub(crate) leader: Option<(WorkerId, Timestamp)>,
    pub(crate) next_due: Option<Timestamp>,
    pub(crate) attention: bool,
    /// Whether there are leases of workers that are not registered any more.
    pub(crate) has_orphans: bool,
    /// Registered workers with the ends of their leases.
    pub(crate) workers: Vec<(WorkerId, Timestamp)>,
}

pub(crate) fn look(connection: &Connection, worker: WorkerId) -> Result<Outlook, StoreError> {
    const ATTENTION: &str = "select attention from windlass_worker where id = ?1";
    const WORKERS: &str = "select id, expires_at from windlass_worker";
    let worker_and_end = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, Id>(0)?.worker(), Timestamp::from_micros(row.get(1)?)))
    };
    let next_due: Option<Option<i64>> = one(connection, NEXT_DUE, [])?;
    Ok(Outlook {
        leader: all(connection, LEADER, [], worker_and_end)?.into_iter().next(),
        next_due: next_due.flatten().map(Timestamp::from_micros),
        attention: one(connection, ATTENTION, [Id::from(worker)])?.unwrap_or(false),
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
pub(crate) fn rescue(desk: &Desk<'_>, swept: &mut Swept) -> Result<(), StoreError> {
    let orphans = all(desk.connection, ORPHANS, [], |row| {
        Ok((row.get::<_, Id>(0)?.lease(), row.get::<_, String>(1)?))
    })?;
    for (lease, label) in orphans {
        let desk = Desk { label: &label, ..*desk };
        for job in workers::held(desk.connection, lease)? {
            swept.rescued += 1;
            swept.buried += u64::from(take_back(&desk, job, lease)?);
        }
        workers::drop_lease(desk.connection, lease)?;
    }
    Ok(())
}

/// Takes one job back; `true` when it died of the loss.
fn take_back(desk: &Desk<'_>, job: JobId, lease: LeaseId) -> Result<bool, StoreError> {
    const STANDING: &str = "select attempt, failures, losses, max_attempts, history, cancel \
         from windlass_pending where id = ?1 and lease = ?2";
    const BACK: &str = "update windlass_pending set state = ?3, run_at = ?4, failures = failures + 1, \
         losses = losses + 1, history = ?5, lease = zeroblob(16) where id = ?1 and lease = ?2";
    let rows = all(desk.connection, STANDING, params![Id::from(job), Id::from(lease)], |row| {
        let standing =
            (row.get::<_, u32>(1)?, row.get::<_, u16>(2)?, row.get::<_, Option<u16>>(3)?);
        Ok((
            row.get::<_, u32>(0)?,
            standing,
            row.get::<_, Option<String>>(4)?,
            row.get::<_, Option<String>>(5)?,
        ))
    })?;
    let Some((attempt, (failures, losses, max_attempts), history, cancel)) =
        rows.into_iter().next()
    else {
        return Ok(false);
    };
    let attempt = Attempt {
        attempt,
        outcome: Outcome::Lost,
        worker: desk.label.to_owned(),
        started_at: None,
        ended_at: Some(desk.now),
        error: None,
    };
    let end = |state, reason: &str| {
        let ending = Ending { state, reason: Some(reason), output: None, attempt: Some(&attempt) };
        finish(desk, job, lease, None, &ending)
    };
    if let Some(reason) = cancel {
        return end(State::Cancelled, &reason).map(|_| false);
    }
    let (state, delay) = match after_loss(failures, losses, max_attempts) {
        AfterLoss::Dead(reason) => {
            run(
                desk.connection,
                "update windlass_pending set losses = losses + 1 where id = ?1",
                [Id::from(job)],
            )?;
            return end(State::Dead, &reason);
        }
        AfterLoss::Available => (State::Available, 0),
        AfterLoss::Later(delay) => (State::Retryable, micros(delay)),
    };
    let history = append(history.as_deref(), &attempt);
    let run_at = desk.now.as_micros().saturating_add(delay);
    run(
        desk.connection,
        BACK,
        params![Id::from(job), Id::from(lease), state.code(), run_at, history],
    )?;
    Ok(false)
}
