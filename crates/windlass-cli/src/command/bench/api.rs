//! The HTTP API: single enqueues by clients that keep their connections, after as many by callers of the library.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use tokio::task::JoinSet;

use super::eventful::Beside;
use super::served::{Connection, Served};
use super::{Finding, Measurement, enqueue};

pub(super) async fn one_by_one(bench: &Measurement) -> anyhow::Result<Finding> {
    let library = enqueue::one_by_one(bench).await?;
    let served = Served::start(bench).await?;
    let http = requests(bench, &served.address).await?;
    served.stop().await;
    let beside =
        Beside { seconds: Some(library.seconds), times_ms: library.times_ms, ..Beside::default() };
    Ok(Finding { beside, ..http })
}

/// Every client posts one job after the other.
async fn requests(bench: &Measurement, address: &str) -> anyhow::Result<Finding> {
    let mut connections = Vec::new();
    for _ in 0..bench.args.clients() {
        connections.push(Connection::open(address).await?);
    }
    let left = Arc::new(AtomicU64::new(bench.args.jobs));
    let (started, mut clients) = (Instant::now(), JoinSet::new());
    for mut connection in connections {
        let (left, payload) = (Arc::clone(&left), bench.payload.clone());
        clients.spawn(async move {
            let mut times_ms = Vec::new();
            while enqueue::take(&left, 1).is_some() {
                let body = payload.request(0);
                let called = Instant::now();
                connection.post("/v1/jobs", &body).await?;
                times_ms.push(called.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(times_ms)
        });
    }
    let mut times_ms = Vec::new();
    while let Some(done) = clients.join_next().await {
        times_ms.extend(done??);
    }
    Ok(Finding::new(bench.args.jobs, started.elapsed().as_secs_f64(), times_ms))
}
