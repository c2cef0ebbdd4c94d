//! What lies in the store beforehand.

use std::time::Duration;
use windlass::condition::Waits;
use windlass::job::Due;
use windlass::prelude::*;
use windlass::{Draft, NewJob};

use super::Measurement;
use super::drain;

/// Jobs of one call while preparing.
const BATCH: usize = 5_000;
/// Nobody wants scheduled jobs to become due while a benchmark runs.
const FAR: Duration = Duration::from_secs(30 * 24 * 3_600);

pub(crate) async fn prepare(bench: &Measurement) -> anyhow::Result<()> {
    if bench.args.finished > 0 {
        drain::preload(bench, bench.args.finished).await?;
        drain::work(bench, bench.args.finished).await?;
    }
    fill(bench, bench.args.scheduled, Due::In(FAR)).await?;
    fill(bench, bench.args.ready, Due::Now).await?;
    let waiting = || waits_for(bench.payload.new_job(0), &["never"]);
    write(bench, (0..bench.args.waiting).map(|_| waiting())).await
}

/// The job, which waits for signals of this run.
pub(crate) fn waits_for(mut job: NewJob, keys: &[&str]) -> NewJob {
    let key = |key: &&str| format!("{key}:{}", job.queue);
    let keys: Vec<String> = keys.iter().map(key).collect();
    let waits = keys.iter().fold(Waits::all(), |waits, key| waits.signal(key, key));
    job.meta.waits = Some(waits);
    job
}

/// Enqueues jobs, due at once or later.
pub(crate) async fn fill(bench: &Measurement, jobs: u64, due: Due) -> anyhow::Result<()> {
    write(bench, (0..jobs).map(|_| NewJob { due, ..bench.payload.new_job(0) })).await
}

/// Enqueues these jobs, some in a call.
pub(crate) async fn write(
    bench: &Measurement,
    mut jobs: impl Iterator<Item = NewJob>,
) -> anyhow::Result<()> {
    let client = Client::new(bench.store.clone());
    loop {
        let call: Vec<_> = jobs.by_ref().take(BATCH).map(Draft::from).collect();
        if call.is_empty() {
            return Ok(());
        }
        client.enqueue_all(call).await?;
    }
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
