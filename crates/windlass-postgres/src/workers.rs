//! Workers: register, renew, leave; and handing back what a lease still holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::store::{Beat, Now, Quiet, Registration, Settled, Settlement, Verdict};
use windlass_core::time::{Timestamp, micros};

use crate::lane::Lane;
use crate::row::{Held, get, held};
use crate::settle::{Holder, settle};

const REGISTER: &str = include_str!("sql/register.sql");
const HEARTBEAT: &str = include_str!("sql/heartbeat.sql");
const HELD: &str = include_str!("sql/release.sql");
const REMOVE: &str = "with gone as (delete from windlass.worker where id = $1::uuid), \
     hushed as (delete from windlass.idle where worker = $1::uuid), \
     husks as (delete from windlass.lease where worker = $1::uuid and unsettled <= 0) \
     delete from windlass.leader where worker = $1::uuid";
const WISH: &str =
    "update windlass.worker set quiet = $2::bool, attention = true where id = $1::uuid returning 1";

pub(crate) async fn register(
    lane: &Lane,
    worker: &Registration,
    guard: Option<i64>,
    now: Now,
) -> Result<(), StoreError> {
    let handlers: Vec<&str> = worker.handlers.iter().map(|key| key.as_str()).collect();
    let now = now.map(Timestamp::as_micros);
    let (id, pid, slots) =
        (worker.worker.as_uuid(), worker.pid.cast_signed(), worker.slots.cast_signed());
    lane.query(
        REGISTER,
        &[
            (&now, Type::INT8),
            (&id, Type::UUID),
            (&guard, Type::INT8),
            (&worker.label, Type::TEXT),
            (&worker.host, Type::TEXT),
            (&pid, Type::INT4),
            (&worker.build, Type::TEXT),
            (&worker.queues, Type::TEXT_ARRAY),
            (&handlers, Type::TEXT_ARRAY),
            (&slots, Type::INT4),
            (&micros(worker.lease), Type::INT8),
        ],
    )
    .await
    .map(drop)
}

pub(crate) async fn heartbeat(
    lane: &Lane,
    worker: WorkerId,
    lease: Duration,
    now: Now,
) -> Result<Beat, StoreError> {
    let now = now.map(Timestamp::as_micros);
    let rows = lane
        .query(
            HEARTBEAT,
            &[(&now, Type::INT8), (&worker.as_uuid(), Type::UUID), (&micros(lease), Type::INT8)],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(Beat::Gone) };
    let leases: Vec<Uuid> = get(row, 1)?;
    let (jobs, reasons): (Vec<Uuid>, Vec<String>) = (get(row, 2)?, get(row, 3)?);
    Ok(Beat::Alive {
        quiet: get(row, 0)?,
        leases: leases.into_iter().map(LeaseId::from_uuid).collect(),
        cancels: jobs.into_iter().map(JobId::from_uuid).zip(reasons).collect(),
    })
}

/// Hands back what is unsettled of one lease, or of all leases of the worker.
pub(crate) async fn release(
    lane: &Lane,
    worker: WorkerId,
    lease: Option<LeaseId>,
    now: Now,
) -> Result<u64, StoreError> {
    let lease = lease.map(|lease| lease.as_uuid());
    let rows = lane.query(HELD, &[(&worker.as_uuid(), Type::UUID), (&lease, Type::UUID)]).await?;
    let held = rows.iter().map(held).collect::<Result<Vec<_>, _>>()?;
    let give_back = |_: &Held| Verdict::Release { delay: Duration::ZERO };
    settle_held(lane, held, give_back, now).await
}

/// Settles held jobs in the name of the workers that held them; how many were written.
pub(crate) async fn settle_held(
    lane: &Lane,
    held: Vec<Held>,
    verdict: impl Fn(&Held) -> Verdict,
    now: Now,
) -> Result<u64, StoreError> {
    let mut by_worker: HashMap<WorkerId, (String, Vec<Settlement>)> = HashMap::new();
    for one in held {
        let verdict = verdict(&one);
        let (_, settlements) =
            by_worker.entry(one.worker).or_insert_with(|| (one.label.clone(), Vec::new()));
        settlements.push(Settlement {
            lease: one.lease,
            job: Arc::new(one.job),
            ran: None,
            verdict,
        });
    }
    let mut written = 0;
    for (worker, (label, settlements)) in by_worker {
        let answers =
            settle(lane, Holder { worker, label: &label, history: true }, &settlements, now)
                .await?;
        written += answers.iter().filter(|answer| **answer == Settled::Done).count() as u64;
    }
    Ok(written)
}

pub(crate) async fn remove(lane: &Lane, worker: WorkerId) -> Result<(), StoreError> {
    lane.query(REMOVE, &[(&worker.as_uuid(), Type::UUID)]).await.map(drop)
}

pub(crate) async fn quiet(lane: &Lane, worker: WorkerId, wish: Quiet) -> Result<bool, StoreError> {
    let wish = wish == Quiet::On;
    let rows = lane.query(WISH, &[(&worker.as_uuid(), Type::UUID), (&wish, Type::BOOL)]).await?;
    Ok(!rows.is_empty())
}
