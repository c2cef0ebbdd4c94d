//! What lies in the store beforehand.

use std::time::Duration;
use windlass::job::Due;
use windlass::prelude::*;
use windlass::{Draft, NewJob};

use super::Measurement;
use super::drain;

/// Jobs of one call while preparing.
const BATCH: u64 = 5_000;
/// Nobody wants scheduled jobs to become due while a benchmark runs.
const FAR: Duration = Duration::from_secs(30 * 24 * 3_600);

pub(crate) async fn prepare(bench: &Measurement) -> anyhow::Result<()> {
    if bench.args.finished > 0 {
        drain::preload(bench, bench.args.finished).await?;
        drain::work(bench, bench.args.finished).await?;
    }
    fill(bench, bench.args.scheduled, Due::In(FAR)).await?;
    fill(bench, bench.args.ready, Due::Now).await
}

/// Enqueues jobs, due at once or later.
pub(crate) async fn fill(bench: &Measurement, jobs: u64, due: Due) -> anyhow::Result<()> {
    let client = Client::new(bench.store.clone());
    let mut left = jobs;
    while left > 0 {
        let now = left.min(BATCH);
        let drafts = (0..now).map(|_| Draft::from(NewJob { due, ..bench.payload.new_job(0) }));
        client.enqueue_all(drafts).await?;
        left -= now;
    }
    Ok(())
}

/// What autovacuum and the checkpointer do within a minute anyway: without it a measurement pays
/// for its own preparation.
pub(crate) async fn clean_up(url: &str) -> anyhow::Result<()> {
    let url = url.split('?').next().unwrap_or(url);
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    for step in ["vacuum analyze", "checkpoint"] {
        if let Err(error) = client.batch_execute(step).await {
            tracing::debug!(%error, step, "not allowed; measured without it");
        }
    }
    Ok(())
}
