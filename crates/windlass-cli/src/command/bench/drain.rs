//! Drain: jobs lie in the queue, a worker in this process works them off.

use std::time::{Duration, Instant};
use windlass::job::Due;

use windlass::Stats;

use super::{Finding, Measurement, backlog, noop};

/// How often the worker's totals are looked at.
const LOOK: Duration = Duration::from_millis(1);

pub(crate) async fn preload(bench: &Measurement, jobs: u64) -> anyhow::Result<()> {
    backlog::fill(bench, jobs, Due::Now).await
}

pub(crate) async fn work(bench: &Measurement, jobs: u64) -> anyhow::Result<Finding> {
    let started = Instant::now();
    let worker =
        noop::worker(&bench.store, &noop::queue(), (bench.args.slots, bench.args.steps), ())
            .await?;
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
