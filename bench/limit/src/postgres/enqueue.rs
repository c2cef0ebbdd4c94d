use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::{Client, Statement};

use super::callers::Callers;
use crate::figure::Figure;
use crate::job::{AVAILABLE, KIND, NewJob, QUEUE};

const INSERT: &str = "
    insert into pending (id, queue, kind, version, state, priority, attempt, run_at, created_at, args)
    values ($1, $2, $3, 1, $4, 0, 0, $5, now(), $6)";

/// Inserts one job per transaction.
pub async fn measure(callers: Callers) -> Result<Figure> {
    let jobs = callers.jobs_each;
    callers.measure(|client| call(client, jobs)).await
}

async fn call(client: Arc<Client>, jobs: usize) -> Result<Vec<Duration>> {
    let insert = client.prepare(INSERT).await?;
    let mut latencies = Vec::with_capacity(jobs);
    for _ in 0..jobs {
        let job = NewJob::sample();
        let start = Instant::now();
        enqueue(&client, &insert, &job).await?;
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}

async fn enqueue(client: &Client, insert: &Statement, job: &NewJob) -> Result<()> {
    client.batch_execute("begin").await?;
    client.execute(insert, &[&job.id, &QUEUE, &KIND, &AVAILABLE, &job.run_at, &job.args]).await?;
    Ok(client.batch_execute("commit").await?)
}
