use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::meter::Meter;
use super::{connect, scratch, sql};
use crate::figure::Figure;

/// Clients that insert at the same time and know nothing of each other.
pub struct Callers {
    pub jobs_each: usize,
    admin: Client,
    clients: Vec<Arc<Client>>,
}

impl Callers {
    pub async fn connect(url: &str, count: usize, jobs: usize) -> Result<Self> {
        let admin = connect(url).await?;
        scratch::create(&admin, &[sql::TABLES]).await?;
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(Arc::new(connect(url).await?));
        }
        Ok(Callers { jobs_each: jobs / count, admin, clients })
    }

    /// Runs the same work on every client; it returns the latency of each call.
    pub async fn measure<W, F>(self, work: W) -> Result<Figure>
    where
        W: Fn(Arc<Client>) -> F,
        F: Future<Output = Result<Vec<Duration>>> + Send + 'static,
    {
        let sessions: Vec<&Client> = self.clients.iter().map(Arc::as_ref).collect();
        let meter = Meter::start(&self.admin, &sessions).await?;
        let mut tasks = JoinSet::new();
        for client in &self.clients {
            tasks.spawn(work(client.clone()));
        }
        let mut latencies = Vec::new();
        while let Some(done) = tasks.join_next().await {
            latencies.extend(done??);
        }
        let cost = meter.stop().await?;

        let jobs = self.jobs_each * self.clients.len();
        let pending: i64 = self.admin.query_one("select count(*) from pending", &[]).await?.get(0);
        ensure!(pending as usize == jobs, "{pending} of {jobs} jobs inserted");
        Ok(cost.figure(jobs, latencies))
    }
}
