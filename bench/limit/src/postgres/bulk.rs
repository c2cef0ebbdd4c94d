use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::Client;

use super::callers::Callers;
use super::load::Loader;
use crate::figure::Figure;
use crate::job::NewJob;

/// Inserts jobs `batch` a statement, each statement a transaction.
pub async fn measure(callers: Callers, batch: usize) -> Result<Figure> {
    let jobs = callers.jobs_each;
    callers.measure(|client| insert(client, jobs, batch)).await
}

async fn insert(client: Arc<Client>, jobs: usize, batch: usize) -> Result<Vec<Duration>> {
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
