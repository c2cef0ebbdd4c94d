use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement};

use super::meter::Meter;
use super::{connect, connect_many, scratch, sql};
use crate::figure::Figure;
use crate::job::{AVAILABLE, KIND, NewJob, QUEUE};

const INSERT: &str = "
    insert into pending (id, queue, kind, version, state, priority, attempt, run_at, created_at, args)
    values ($1, $2, $3, 1, $4, 0, 0, $5, now(), $6)";

/// Inserts one job per transaction from clients that know nothing of each other.
pub async fn measure(url: &str, jobs: usize, clients: usize) -> Result<Figure> {
    let admin = connect(url).await?;
    scratch::create(&admin, &[sql::TABLES]).await?;
    let sessions = connect_many(url, clients).await?;
    let meter = Meter::start(&admin, &sessions.iter().collect::<Vec<_>>()).await?;
    let mut callers = JoinSet::new();
    for session in sessions {
        callers.spawn(call(session, jobs / clients));
    }
    let mut latencies = Vec::new();
    while let Some(calls) = callers.join_next().await {
        latencies.extend(calls??);
    }
    let cost = meter.stop().await?;
    scratch::expect_pending(&admin, jobs / clients * clients).await?;
    Ok(cost.figure(jobs / clients * clients, latencies))
}

async fn call(mut client: Client, jobs: usize) -> Result<Vec<Duration>> {
    let insert = client.prepare(INSERT).await?;
    let mut latencies = Vec::with_capacity(jobs);
    for _ in 0..jobs {
        let job = NewJob::sample();
        let start = Instant::now();
        enqueue(&mut client, &insert, &job).await?;
        latencies.push(start.elapsed());
    }
    Ok(latencies)
}

async fn enqueue(client: &mut Client, insert: &Statement, job: &NewJob) -> Result<()> {
    let transaction = client.transaction().await?;
    transaction
        .execute(insert, &[&job.id, &QUEUE, &KIND, &AVAILABLE, &job.run_at, &job.args])
        .await?;
    Ok(transaction.commit().await?)
}
