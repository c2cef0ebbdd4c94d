use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::load::Loader;
use super::meter::Meter;
use super::{connect, connect_many, scratch, sql};
use crate::figure::Figure;
use crate::job::NewJob;

/// Inserts jobs `batch` a statement, each statement a transaction.
pub async fn measure(url: &str, jobs: usize, batch: usize, clients: usize) -> Result<Figure> {
    let admin = connect(url).await?;
    scratch::create(&admin, &[sql::TABLES]).await?;
    let sessions = connect_many(url, clients).await?;
    let meter = Meter::start(&admin, &sessions.iter().collect::<Vec<_>>()).await?;
    let mut inserts = JoinSet::new();
    for session in sessions {
        inserts.spawn(insert(session, jobs / clients, batch));
    }
    let mut latencies = Vec::new();
    while let Some(inserted) = inserts.join_next().await {
        latencies.extend(inserted??);
    }
    let cost = meter.stop().await?;
    scratch::expect_pending(&admin, jobs / clients * clients).await?;
    Ok(cost.figure(jobs / clients * clients, latencies))
}

async fn insert(client: Client, jobs: usize, batch: usize) -> Result<Vec<Duration>> {
    let loader = Loader::prepare(&client).await?;
    let mut latencies = Vec::new();
    for done in (0..jobs).step_by(batch) {
        let rows: Vec<_> = (0..batch.min(jobs - done)).map(|_| NewJob::sample()).collect();
        let start = Instant::now();
        loader.insert(&rows).await?;
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}
