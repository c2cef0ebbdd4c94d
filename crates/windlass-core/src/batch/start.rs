//! Batches through a client.

use super::{BatchFilter, BatchRecord, Begins, IntoBatch, MemberRecord, Sealed, Started};
use crate::client::Client;
use crate::error::StoreError;
use crate::id::{BatchId, JobId};
use crate::job::{Cancelled, Retried, State};
use crate::limits::LISTED;
use crate::store::Now;

/// Batches.
impl Client {
    /// Writes a batch or a workflow with its jobs in one transaction, at most 100,000.
    ///
    /// # Errors
    /// As [`Client::enqueue_all`], and as [`IntoBatch::into_batch`]: nothing was written then.
    pub async fn start(&self, batch: impl IntoBatch) -> Result<Started, StoreError> {
        let (id, jobs) = batch.into_batch()?;
        Started::of(id, self.enqueue_all(jobs).await)
    }

    /// Makes a batch whose jobs come later, with [`Draft::member_of`](crate::job::Draft::member_of). It does not end before
    /// [`Client::seal`].
    ///
    /// # Errors
    /// [`StoreError::BatchExists`] where there is one with its key, otherwise what kept the store from writing.
    pub async fn open_batch(&self, begins: &Begins) -> Result<BatchId, StoreError> {
        begins.check()?;
        let id = BatchId::new();
        self.store().open_batch(id, begins, Now::Database).await?;
        Ok(id)
    }

    /// No more is to come from outside: the batch ends with the last of its jobs, which may add others until then.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn seal(&self, batch: BatchId) -> Result<Sealed, StoreError> {
        self.store().seal_batch(batch, Now::Database).await
    }

    /// One batch, with how many of its jobs are where.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn batch(&self, batch: BatchId) -> Result<Option<BatchRecord>, StoreError> {
        self.store().batch(batch).await
    }

    /// Batches that match, newest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn batches(
        &self,
        filter: &BatchFilter,
        limit: usize,
    ) -> Result<Vec<BatchRecord>, StoreError> {
        self.store().batches(filter, limit.min(LISTED)).await
    }

    /// The jobs of a batch, oldest first, those after this one.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn members(
        &self,
        batch: BatchId,
        after: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<MemberRecord>, StoreError> {
        self.store().members(batch, after, limit.min(LISTED)).await
    }

    /// Cancels all jobs of a batch that have not ended; how many were cancelled at once, and how many run and were told.
    /// Jobs that wait for the batch are told as of any end.
    ///
    /// # Errors
    /// What kept the store from writing; some may be cancelled then.
    pub async fn cancel_batch(
        &self,
        batch: BatchId,
        reason: &str,
    ) -> Result<(u64, u64), StoreError> {
        let (mut cancelled, mut told) = (0, 0);
        let mut parts = Parts::of(batch, |member| member.ended.is_none());
        while let Some(jobs) = parts.next(self).await? {
            for answer in self.cancel(&jobs, reason).await? {
                match answer {
                    Cancelled::Now => cancelled += 1,
                    Cancelled::Requested => told += 1,
                    _ => {}
                }
            }
        }
        Ok((cancelled, told))
    }

    /// Runs the jobs of a batch again that are dead; how many. Those that wait for them go on when they are completed, and
    /// what was completed does not run again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] for a workflow that is being undone; otherwise what kept the store from writing, and some may
    /// run again then.
    pub async fn retry_batch(&self, batch: BatchId) -> Result<u64, StoreError> {
        let undoing = BatchFilter { undoes: Some(batch), ..BatchFilter::default() };
        let record = self.batch(batch).await?;
        let has_ended = record.is_some_and(|record| record.ended_at.is_some());
        if has_ended && !self.batches(&undoing, 1).await?.is_empty() {
            let what = format!("{batch} has failed and is undone: start it again");
            return Err(StoreError::Conflict { what });
        }
        let mut retried = 0;
        let mut parts = Parts::of(batch, |member| member.ended == Some(State::Dead));
        while let Some(jobs) = parts.next(self).await? {
            let answers = self.retry(&jobs).await?;
            retried += answers.iter().filter(|answer| **answer == Retried::Now).count() as u64;
        }
        Ok(retried)
    }
}

/// The jobs of a batch that somebody wants, part by part.
struct Parts {
    batch: BatchId,
    wanted: fn(&MemberRecord) -> bool,
    after: Option<JobId>,
}

impl Parts {
    fn of(batch: BatchId, wanted: fn(&MemberRecord) -> bool) -> Self {
        Self { batch, wanted, after: None }
    }

    /// The next part, which may have none of them; `None` behind the last one.
    async fn next(&mut self, client: &Client) -> Result<Option<Vec<JobId>>, StoreError> {
        let part = client.members(self.batch, self.after, LISTED).await?;
        let Some(last) = part.last() else { return Ok(None) };
        self.after = Some(last.job);
        let wanted = part.iter().filter(|member| (self.wanted)(member));
        Ok(Some(wanted.map(|member| member.job).collect()))
    }
}
