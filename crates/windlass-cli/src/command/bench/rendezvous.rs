//! Rendezvous: each job waits for two signals, which two processes send at the same moment.

use std::time::{Duration, Instant};

use super::joined::{Runs, joined};
use super::processes::WorkerProcesses;
use super::signaller::{PAIRS, WORDS, key};
use super::{Finding, Measurement, backlog, noop};

/// How often the worker's totals are looked at.
const LOOK: Duration = Duration::from_millis(1);
/// So long after the last signal the last job has run, or was forgotten.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn write(bench: &Measurement) -> anyhow::Result<()> {
    let job = |nth| {
        let keys = WORDS.map(|word| key(word, nth));
        backlog::waits_for(joined(bench), &keys.each_ref().map(String::as_str))
    };
    backlog::write(bench, (0..bench.args.jobs).map(job)).await
}

pub(super) async fn meet(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    let jobs = bench.args.jobs;
    let mut processes = WorkerProcesses::signallers(&bench.args, url).await?;
    let runs = Runs::default();
    let worker =
        noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), runs.clone()).await?;
    let started = Instant::now();
    for _ in 0..jobs.div_ceil(PAIRS) {
        processes.round().await?;
    }
    let told = Instant::now();
    while worker.stats().completed() < jobs && told.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let times_ms = processes.times_ms().await?;
    processes.dismiss().await?;
    worker.stop().await;
    Ok(Finding { runs: Some(runs.number()), ..Finding::new(jobs, seconds, times_ms) })
}
