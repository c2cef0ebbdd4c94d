use std::time::SystemTime;

use anyhow::Result;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::claimed::{Claimed, Ended};
use super::columns::Columns;
use super::design::{Design, Sends};
use crate::job::QUEUE;

const PROMOTE: &str = "update pending set state = 2, run_at = now() where state = 3";

/// A session with a design's statements.
pub struct Engine {
    pub client: Client,
    sends: Sends,
    claim: Statement,
    settle: Statement,
    rescue: Statement,
    promote: Statement,
}

impl Engine {
    pub async fn prepare(client: Client, design: &Design) -> Result<Self> {
        Ok(Engine {
            sends: design.sends,
            claim: client.prepare(design.claim).await?,
            settle: client.prepare(design.settle).await?,
            rescue: client.prepare(design.rescue).await?,
            promote: client.prepare(PROMOTE).await?,
            client,
        })
    }

    pub async fn claim(&self, worker: Uuid, limit: usize) -> Result<Vec<Claimed>> {
        let lease = Uuid::now_v7();
        let limit = limit as i64;
        let rows = self.client.query(&self.claim, &[&QUEUE, &limit, &lease, &worker]).await?;
        let now = SystemTime::now();
        Ok(rows.iter().map(|row| Claimed::read(lease, rows.len(), now, row)).collect())
    }

    /// Makes every failed job available again, due or not.
    pub async fn promote(&self) -> Result<u64> {
        Ok(self.client.execute(&self.promote, &[]).await?)
    }

    /// Gives the unsettled jobs of a lost worker back; says how many.
    pub async fn rescue(&self, worker: Uuid) -> Result<i64> {
        Ok(self.client.query_one(&self.rescue, &[&worker]).await?.get(0))
    }

    /// Records how jobs ended; says how many of them were still this worker's.
    pub async fn settle(&self, ended: &[Ended]) -> Result<i64> {
        let columns = Columns::of(ended, self.sends);
        let row = self.client.query_one(&self.settle, &columns.params(self.sends)).await?;
        Ok(row.get(0))
    }

    /// The plan of a settle statement, which is carried out.
    pub async fn explain_settle(&self, sql: &str, ended: &[Ended]) -> Result<Vec<String>> {
        let columns = Columns::of(ended, self.sends);
        let sql = format!("explain (analyze, buffers, wal) {sql}");
        let rows = self.client.query(&sql, &columns.params(self.sends)).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
