use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::Client;

use super::wal;
use crate::cpu;
use crate::figure::Figure;

/// What work cost since the meter was started.
pub struct Meter<'c> {
    admin: &'c Client,
    backends: Vec<i32>,
    log: wal::Position,
    server: Duration,
    client: Duration,
    start: Instant,
}

pub struct Cost {
    pub elapsed: Duration,
    pub server: Duration,
    pub client: Duration,
    pub log: wal::Written,
}

impl<'c> Meter<'c> {
    /// Watches the backends of the sessions that do the work. They must live until
    /// the meter stops: a backend takes its CPU time with it.
    pub async fn start(admin: &'c Client, sessions: &[&Client]) -> Result<Self> {
        let mut backends = Vec::new();
        for session in sessions {
            backends.push(session.query_one("select pg_backend_pid()", &[]).await?.get(0));
        }
        backends.dedup();
        wal::keep(admin).await?;
        Ok(Meter {
            admin,
            log: wal::position(admin).await?,
            server: cpu::of_processes(&backends)?,
            client: cpu::of_this_process()?,
            start: Instant::now(),
            backends,
        })
    }

    pub async fn stop(self) -> Result<Cost> {
        let elapsed = self.start.elapsed();
        let client = cpu::of_this_process()? - self.client;
        let server = cpu::of_processes(&self.backends)? - self.server;
        let end = wal::position(self.admin).await?;
        let log = wal::written(self.admin, &self.log, &end).await?;
        Ok(Cost { elapsed, server, client, log })
    }
}

impl Cost {
    pub fn figure(self, jobs: usize, latencies: Vec<Duration>) -> Figure {
        Figure {
            jobs,
            elapsed: self.elapsed,
            latencies,
            client_cpu: self.client,
            store_cpu: Some(self.server),
            log_bytes: self.log.total,
        }
    }
}
