//! Mixed: callers enqueue one by one while a worker works.

use std::time::Instant;

use tokio::task::JoinSet;
use windlass::prelude::*;

use super::latency::Starts;
use super::{Finding, Measurement, noop};

pub(crate) async fn both(bench: &Measurement) -> anyhow::Result<Finding> {
    let clock = Instant::now();
    let (starts, mut started) = Starts::new(clock);
    let worker = noop::worker(&bench.store, &noop::queue(), (bench.args.slots, 0), starts).await?;
    let mut callers = JoinSet::new();
    let clients = bench.args.clients() as u64;
    for caller in 0..clients {
        let client = Client::new(bench.store.clone());
        let payload = bench.payload.clone();
        let jobs = bench.args.jobs / clients + u64::from(caller < bench.args.jobs % clients);
        callers.spawn(async move {
            for _ in 0..jobs {
                let sent_us = u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX);
                client.enqueue(payload.draft(sent_us)).await?;
            }
            Ok::<_, windlass::StoreError>(())
        });
    }
    let mut times_ms = Vec::new();
    for _ in 0..bench.args.jobs {
        let Some(time_ms) = started.recv().await else { break };
        times_ms.push(time_ms);
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    let seconds = clock.elapsed().as_secs_f64();
    worker.stop().await;
    Ok(Finding::new(bench.args.jobs, seconds, times_ms))
}
