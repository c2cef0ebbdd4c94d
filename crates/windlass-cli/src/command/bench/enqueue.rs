//! Enqueue: one by one, or in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;
use windlass::prelude::*;

use super::{Finding, Measurement};

/// Every caller enqueues one job after the other, each committed before the next.
pub(crate) async fn one_by_one(bench: &Measurement) -> anyhow::Result<Finding> {
    callers(bench, 1).await
}

/// Every caller enqueues batches, each one transaction.
pub(crate) async fn in_bulk(bench: &Measurement) -> anyhow::Result<Finding> {
    callers(bench, bench.args.batch.max(1) as u64).await
}

async fn callers(bench: &Measurement, batch: u64) -> anyhow::Result<Finding> {
    let left = Arc::new(AtomicU64::new(bench.args.jobs));
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..bench.args.clients() {
        let client = Client::new(bench.store.clone());
        let (left, payload) = (Arc::clone(&left), bench.payload.clone());
        callers.spawn(async move {
            let mut times_ms = Vec::new();
            while let Some(jobs) = take(&left, batch) {
                let called = Instant::now();
                if jobs == 1 {
                    client.enqueue(payload.draft(0)).await?;
                } else {
                    client.enqueue_all((0..jobs).map(|_| payload.draft(0))).await?;
                }
                times_ms.push(called.elapsed().as_secs_f64() * 1e3);
            }
            Ok::<_, windlass::StoreError>(times_ms)
        });
    }
    let mut times_ms = Vec::new();
    while let Some(done) = callers.join_next().await {
        times_ms.extend(done??);
    }
    Ok(Finding::new(bench.args.jobs, started.elapsed().as_secs_f64(), times_ms))
}

/// The next jobs of one caller; nothing when all are taken.
pub(super) fn take(left: &AtomicU64, batch: u64) -> Option<u64> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        (left > 0).then(|| left.saturating_sub(batch))
    })
    .ok()
    .map(|left| left.min(batch))
}
