use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::claimed::Claimed;
use super::engine::Engine;

/// Where claimed batches come from. An empty batch means that nothing is available.
pub enum Feed {
    /// The settling session claims too
    Alternate(Claimer),
    /// Another session claims meanwhile, one batch ahead
    Overlap(mpsc::Receiver<Result<Vec<Claimed>>>),
}

impl Feed {
    pub fn overlapping(claimer: Claimer) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(claimer.claim_until_closed(sender));
        Feed::Overlap(receiver)
    }

    /// The next batch, waited for.
    pub async fn next(&mut self) -> Result<Vec<Claimed>> {
        match self {
            Feed::Alternate(claimer) => claimer.claim().await,
            Feed::Overlap(receiver) => receiver.recv().await.context("claimer stopped")?,
        }
    }

    /// The next batch, unless another session is still claiming it.
    pub async fn next_if_ready(&mut self) -> Result<Option<Vec<Claimed>>> {
        match self {
            Feed::Alternate(claimer) => claimer.claim().await.map(Some),
            Feed::Overlap(receiver) => receiver.try_recv().ok().transpose(),
        }
    }
}

pub struct Claimer {
    pub engine: Arc<Engine>,
    pub worker: Uuid,
    pub batch: usize,
}

impl Claimer {
    async fn claim(&self) -> Result<Vec<Claimed>> {
        let jobs = self.engine.claim(self.worker, self.batch).await?;
        if jobs.is_empty() && self.engine.promote().await? > 0 {
            return self.engine.claim(self.worker, self.batch).await;
        }
        Ok(jobs)
    }

    async fn claim_until_closed(self, sender: mpsc::Sender<Result<Vec<Claimed>>>) {
        loop {
            let batch = self.claim().await;
            let dry = batch.as_ref().is_ok_and(Vec::is_empty);
            if sender.send(batch).await.is_err() {
                return;
            }
            if dry {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
}
