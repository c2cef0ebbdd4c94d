//! The verbs of batches.

mod forget;
mod list;
mod members;
mod open;
mod seal;

use windlass_core::batch::{BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed};
use windlass_core::id::{BatchId, JobId};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

pub(crate) use forget::batches as forget;

impl BatchStore for PostgresStore {
    fn open_batch<'a>(&'a self, batch: BatchId, begins: &'a Begins, now: Now) -> Reply<'a, bool> {
        Box::pin(open::open(&self.writes, (batch, begins), now))
    }

    fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed> {
        Box::pin(async move {
            let sealed = seal::seal((&self.writes, &self.waiting), batch, now).await?;
            self.wakeups.work_anywhere();
            Ok(sealed)
        })
    }

    fn batch(&self, batch: BatchId) -> Reply<'_, Option<BatchRecord>> {
        Box::pin(async move {
            Ok(list::batches(&self.claims, Some(batch), &BatchFilter::default(), 1).await?.pop())
        })
    }

    fn batches<'a>(&'a self, filter: &'a BatchFilter, limit: usize) -> Reply<'a, Vec<BatchRecord>> {
        Box::pin(list::batches(&self.claims, None, filter, limit))
    }

    fn members(
        &self,
        batch: BatchId,
        after: Option<JobId>,
        limit: usize,
    ) -> Reply<'_, Vec<MemberRecord>> {
        Box::pin(members::members(&self.claims, (batch, after), limit))
    }
}
