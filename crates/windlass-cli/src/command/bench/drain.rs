//! Drain: jobs lie in the queue, a worker in this process works them off.

use std::time::{Duration, Instant};
use windlass::job::Due;

use windlass::{RunningWorker, Stats};

use super::{Finding, Measurement, backlog, noop};

/// How often the worker's totals are looked at.
const LOOK: Duration = Duration::from_millis(1);

pub(crate) async fn preload(bench: &Measurement, jobs: u64) -> anyhow::Result<()> {
    backlog::fill(bench, jobs, Due::Now).await
}

pub(crate) async fn work(bench: &Measurement, jobs: u64) -> anyhow::Result<Finding> {
    let slots_and_steps = (bench.args.slots, bench.args.steps());
    let started = Instant::now();
    let worker = noop::worker(&bench.store, &noop::queue(), slots_and_steps, ()).await?;
    until(worker, jobs, started).await
}

/// Jobs that record no steps.
pub(crate) async fn work_plainly(bench: &Measurement) -> anyhow::Result<Finding> {
    let started = Instant::now();
    let worker = noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), ()).await?;
    until(worker, bench.args.jobs, started).await
}

/// As many at a time as there are slots.
pub(crate) async fn work_in_chunks(bench: &Measurement) -> anyhow::Result<Finding> {
    let started = Instant::now();
    let worker = noop::worker_of_chunks(&bench.store, &noop::queue(), bench.args.slots).await?;
    until(worker, bench.args.jobs, started).await
}

/// Waits until so many are completed, and stops the worker.
async fn until(worker: RunningWorker, jobs: u64, started: Instant) -> anyhow::Result<Finding> {
    let stats = worker.stats().clone();
    while stats.completed() < jobs {
        tokio::time::sleep(LOOK).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let jobs = stats.completed();
    let times_ms = claims_ms(&stats);
    worker.stop_within(Duration::ZERO).await;
    Ok(Finding::new(jobs, seconds, times_ms))
}

/// How long a worker's claims took.
pub(crate) fn claims_ms(stats: &Stats) -> Vec<f64> {
    stats.claim_times().iter().map(|took| took.as_secs_f64() * 1e3).collect()
}
