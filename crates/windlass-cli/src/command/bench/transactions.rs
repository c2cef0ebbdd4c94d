//! Enqueue in callers' own transactions: begin, enqueue, commit, each caller on a connection of its
//! own, as an application does it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use windlass::prelude::*;

use super::enqueue::take;
use super::{Finding, Measurement};

pub(crate) async fn one_by_one(bench: &Measurement, url: &str) -> anyhow::Result<Finding> {
    anyhow::ensure!(url.starts_with("postgres"), "--own-transactions needs a postgres:// store");
    let mut connections = JoinSet::new();
    let mut clients = Vec::new();
    for _ in 0..bench.args.clients() {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        connections.spawn(connection);
        clients.push(client);
    }
    let left = Arc::new(AtomicU64::new(bench.args.jobs));
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for mut client in clients {
        let (left, payload) = (Arc::clone(&left), bench.payload.clone());
        let jobs = windlass::Client::new(Arc::clone(&bench.store));
        callers.spawn(async move {
            let prepared = windlass::PreparedEnqueue::new(&client).await?;
            let mut times_ms = Vec::new();
            while take(&left, 1).is_some() {
                let called = Instant::now();
                let tx = client.transaction().await?;
                jobs.within((&tx, &prepared)).enqueue(payload.draft(0)).await?;
                tx.commit().await?;
                times_ms.push(called.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok(times_ms)
        });
    }
    let mut times_ms = Vec::new();
    while let Some(done) = callers.join_next().await {
        times_ms.extend(done??);
    }
    Ok(Finding::new(bench.args.jobs, started.elapsed().as_secs_f64(), times_ms))
}
