use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::meter::Meter;
use super::{connect, load, scratch, sql};
use crate::figure::Figure;
use crate::job::QUEUE;

const TABLES: [&str; 3] = [sql::TABLES, sql::LEASE, sql::COMPRESS_LEASE];

/// Claims on one connection and settles on another, a whole lease at a time.
pub async fn measure(url: &str, jobs: usize, batch: usize) -> Result<Figure> {
    let admin = connect(url).await?;
    scratch::create(&admin, &TABLES).await?;
    load::fill(&admin, jobs).await?;
    scratch::tidy(&admin).await?;

    let claimer = Claimer::prepare(connect(url).await?, batch).await?;
    let settler = Settler::prepare(connect(url).await?).await?;
    let meter = Meter::start(&admin, &[&claimer.client, &settler.client]).await?;
    let (sender, mut leases) = mpsc::channel(2);
    let claims = tokio::spawn(claimer.claim_all(sender));
    let mut latencies = Vec::new();
    while let Some(lease) = leases.recv().await {
        settler.settle(&lease).await?;
        latencies.push(lease.asked_at.elapsed());
    }
    let _claimer = claims.await??;
    let cost = meter.stop().await?;

    let finished: i64 = admin.query_one("select count(*) from finished", &[]).await?.get(0);
    ensure!(finished as usize == jobs, "{finished} of {jobs} jobs finished");
    Ok(cost.figure(jobs, latencies))
}

struct Lease {
    id: Uuid,
    jobs: usize,
    asked_at: Instant,
    claimed_at: SystemTime,
}

struct Claimer {
    client: Client,
    claim: Statement,
    batch: i64,
}

impl Claimer {
    async fn prepare(client: Client, batch: usize) -> Result<Self> {
        Ok(Claimer { claim: client.prepare(sql::CLAIM).await?, client, batch: batch as i64 })
    }

    async fn claim_all(self, leases: mpsc::Sender<Lease>) -> Result<Self> {
        let worker = Uuid::now_v7();
        loop {
            let (id, asked_at) = (Uuid::now_v7(), Instant::now());
            let rows = self.client.query(&self.claim, &[&QUEUE, &self.batch, &id, &worker]).await?;
            if rows.is_empty() {
                return Ok(self);
            }
            let claimed_at = SystemTime::now();
            let lease = Lease { id, jobs: rows.len(), asked_at, claimed_at };
            leases.send(lease).await.ok().context("settler stopped")?;
        }
    }
}

struct Settler {
    client: Client,
    settle: Statement,
}

impl Settler {
    async fn prepare(client: Client) -> Result<Self> {
        Ok(Settler { settle: client.prepare(sql::SETTLE_WHOLE).await?, client })
    }

    async fn settle(&self, lease: &Lease) -> Result<()> {
        let settled = self.client.execute(&self.settle, &[&lease.id, &lease.claimed_at]).await?;
        ensure!(settled as usize == lease.jobs, "{settled} of {} jobs settled", lease.jobs);
        Ok(())
    }
}
