//! A graph of jobs that wait for each other, written in one call.

use std::time::Instant;

use windlass::batch::{Step, Workflow};
use windlass::prelude::*;

use super::{Finding, Measurement};

/// How many jobs each waits for.
const BEFORE: u64 = 2;

/// As many jobs in one call that wait for nothing.
pub(super) async fn without_edges(bench: &Measurement) -> anyhow::Result<Finding> {
    let client = Client::new(bench.store.clone());
    let jobs: Vec<_> = (0..bench.args.jobs).map(|_| bench.payload.draft(0)).collect();
    let called = Instant::now();
    client.enqueue_all(jobs).await?;
    Ok(Finding::new(bench.args.jobs, called.elapsed().as_secs_f64(), Vec::new()))
}

/// Each job waits for the two before it.
pub(super) async fn write(bench: &Measurement) -> anyhow::Result<Finding> {
    let client = Client::new(bench.store.clone());
    let step = |nth: u64| {
        let before = nth.saturating_sub(BEFORE)..nth;
        Step::new(nth.to_string(), bench.payload.draft(0)).after(before.map(|nth| nth.to_string()))
    };
    let graph = Workflow::new("graph").steps((0..bench.args.jobs).map(step));
    let called = Instant::now();
    client.start(graph).await?;
    let seconds = called.elapsed().as_secs_f64();
    Ok(Finding::new(bench.args.jobs, seconds, vec![seconds * 1e3]))
}
