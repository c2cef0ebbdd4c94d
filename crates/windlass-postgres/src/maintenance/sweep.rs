//! Sweep: one statement leads, promotes due jobs and removes dead workers; their jobs are then taken
//! back in their name, each fenced by its lease like any settlement.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::job::{AfterLoss, Loss, Outcome, Verdict, attempt_limit, loss_limit};
use windlass_core::limits::{LEADER_TTL, RECONNECT_CAP, SWEEP_JOBS};
use windlass_core::maintenance::Swept;
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::Connection;
use crate::job::release::settle_held;
use crate::row::{Held, get, held};

const SWEEP: &str = include_str!("sweep.sql");
const RESCUE: &str = include_str!("rescue.sql");
const EMPTY_LEASES: &str = "delete from windlass.lease l where unsettled <= 0 \
     and not exists (select from windlass.worker w where w.id = l.worker)";

/// How long a worker's session lock must have been free before the worker is held for dead: its
/// connection may just have broken, and is then made again within milliseconds.
const MISSING: Duration = Duration::from_millis(400);
/// The same after a restart of the server, from the first sweep on: the longest wait between two tries to connect, and a second.
const RESTARTED: Duration = RECONNECT_CAP.saturating_add(Duration::from_secs(1));

/// What the statement says beside what the engine is told.
pub(crate) struct Round {
    pub(crate) swept: Swept,
    pub(crate) has_orphans: bool,
    pub(crate) has_expired: bool,
    pub(crate) has_pauses: bool,
    pub(crate) has_agings: bool,
    pub(crate) has_moments: bool,
}

/// When the server was started at this process's last sweep, and since when it has been so, by the database's clock.
#[derive(Debug, Default)]
pub(crate) struct SeenStart(Mutex<Option<(i64, i64)>>);

impl SeenStart {
    fn get(&self) -> (Option<i64>, Option<i64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unzip()
    }

    fn set(&self, started_at: i64, seen_at: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((started_at, seen_at));
    }
}

pub(crate) async fn sweep(
    connection: &Connection,
    seen: &SeenStart,
    worker: WorkerId,
    now: Now,
) -> Result<Round, StoreError> {
    let (started_at, seen_at) = seen.get();
    let row = connection
        .query_one(
            SWEEP,
            &[
                (&now.micros(), Type::INT8),
                (&worker.as_uuid(), Type::UUID),
                (&micros(LEADER_TTL), Type::INT8),
                (&i64::try_from(SWEEP_JOBS).unwrap_or(i64::MAX), Type::INT8),
                (&micros(MISSING), Type::INT8),
                (&micros(RESTARTED), Type::INT8),
                (&started_at, Type::INT8),
                (&seen_at, Type::INT8),
            ],
        )
        .await?;
    seen.set(get(&row, 14)?, get(&row, 15)?);
    let count = |at| get::<i64>(&row, at).map(i64::unsigned_abs);
    let leads: bool = get(&row, 0)?;
    let next_due = get::<Option<i64>>(&row, 3)?.map(|us| Duration::from_micros(us.unsigned_abs()));
    let is_missing: bool = get(&row, 6)?;
    let next_expiry: Option<i64> = get(&row, 8)?;
    let next_moment: Option<i64> = get(&row, 13)?;
    let upcoming = [next_expiry, next_moment].into_iter().flatten().filter(|us| *us > 0).min();
    let upcoming = upcoming.map(|us| Duration::from_micros(us.unsigned_abs()));
    // A second look is due soon where a worker was missing for the first time.
    let again = is_missing.then_some(MISSING + Duration::from_millis(20));
    let swept = Swept {
        leads,
        promoted: count(1)?,
        dead_workers: count(2)?,
        next_due: [next_due, upcoming].into_iter().flatten().filter(|_| leads).chain(again).min(),
        attention: get(&row, 4)?,
        workers: count(7)?,
        feeds: leads && get(&row, 16)?,
        alerts: leads && get(&row, 17)?,
        operates: get::<Option<i64>>(&row, 19)?
            .filter(|_| leads)
            .map(|us| Duration::from_micros(us.unsigned_abs())),
        next_fire: get::<Option<i64>>(&row, 11)?.map(|us| Duration::from_micros(us.unsigned_abs())),
        ..Swept::default()
    };
    let has_orphans: bool = get(&row, 5)?;
    let has_expired = leads && next_expiry.is_some_and(|us| us <= 0);
    let has_pauses = leads && get(&row, 9)?;
    let has_agings = leads && get(&row, 12)?;
    let has_moments = leads && next_moment.is_some_and(|us| us <= 0);
    let has_orphans = has_orphans && leads;
    Ok(Round { has_orphans, has_expired, has_pauses, has_agings, has_moments, swept })
}

/// Takes back jobs whose worker is not registered any more, a bounded number of leases.
pub(crate) async fn rescue(
    connection: &Connection,
    swept: &mut Swept,
    now: Now,
) -> Result<(), StoreError> {
    let rows = connection.query(RESCUE, &[]).await?;
    let orphans = rows.iter().map(held).collect::<Result<Vec<_>, _>>()?;
    let dies = |one: &&Held| {
        one.cancel_requested.is_none() && matches!(loss(one).after(), AfterLoss::Dead(_))
    };
    swept.died += orphans.iter().filter(dies).count() as u64;
    swept.rescued += settle_held(connection, orphans, verdict, now).await?;
    connection.query(EMPTY_LEASES, &[]).await.map(drop)
}

fn verdict(one: &Held) -> Verdict {
    if let Some(reason) = &one.cancel_requested {
        return Verdict::Cancel { outcome: Outcome::Lost, reason: reason.clone() };
    }
    let (outcome, error) = (Outcome::Lost, String::new());
    match loss(one).after() {
        AfterLoss::Dead(reason) => Verdict::Die { outcome, error, reason },
        AfterLoss::Available => Verdict::Retry { outcome, error, delay: Duration::ZERO },
        AfterLoss::Later(delay) => Verdict::Retry { outcome, error, delay },
    }
}

fn loss(one: &Held) -> Loss {
    let job = &one.job;
    Loss {
        failures: job.failures,
        losses: job.losses,
        max_attempts: attempt_limit(job.max_attempts, one.kind_limits.max_attempts),
        max_losses: loss_limit(job.meta.max_losses, one.kind_limits.max_losses),
    }
}
