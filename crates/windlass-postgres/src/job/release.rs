//! Release: what is unsettled of leases is handed back, or settled in the name of a dead worker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::Type;
use windlass_core::error::StoreError;
use windlass_core::id::{LeaseId, WorkerId};
use windlass_core::job::{Settled, Settlement, Verdict};
use windlass_core::store::Now;

use crate::connection::Connection;
use crate::job::settle::{SettleContext, Settler, settle};
use crate::row::{Held, held};

const RELEASE: &str = include_str!("release.sql");

/// Hands back what is unsettled of one lease.
pub(crate) async fn release(
    connection: &Connection,
    worker: WorkerId,
    lease: LeaseId,
    now: Now,
) -> Result<u64, StoreError> {
    give_back(connection, worker, Some(lease), now).await
}

/// Hands back what is unsettled of all leases of a worker.
pub(crate) async fn release_all(
    connection: &Connection,
    worker: WorkerId,
    now: Now,
) -> Result<u64, StoreError> {
    let every_lease = None;
    give_back(connection, worker, every_lease, now).await
}

async fn give_back(
    connection: &Connection,
    worker: WorkerId,
    lease: Option<LeaseId>,
    now: Now,
) -> Result<u64, StoreError> {
    let lease = lease.map(|lease| lease.as_uuid());
    let rows =
        connection.query(RELEASE, &[(&worker.as_uuid(), Type::UUID), (&lease, Type::UUID)]).await?;
    let held = rows.iter().map(held).collect::<Result<Vec<_>, _>>()?;
    let verdict = |_: &Held| Verdict::Release { delay: Duration::ZERO };
    settle_held(connection, held, verdict, now).await
}

/// Settles held jobs in the name of the workers that held them; how many were written.
pub(crate) async fn settle_held(
    connection: &Connection,
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
        let answers = settle(
            connection,
            SettleContext { by: Settler::Another, worker, label: &label, history: true },
            &settlements,
            now,
        )
        .await?;
        written += answers.iter().filter(|answer| **answer == Settled::Done).count() as u64;
    }
    Ok(written)
}
