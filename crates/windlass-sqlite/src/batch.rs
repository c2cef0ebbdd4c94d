//! The verbs of batches.

mod forget;
mod list;
mod members;
mod open;
mod seal;

use rusqlite::Connection;
use windlass_core::batch::{BatchFilter, BatchRecord, BatchStore, Begins, MemberRecord, Sealed};
use windlass_core::error::StoreError;
use windlass_core::id::{BatchId, JobId};
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::row::{Id, run};
use crate::store::{SqliteStore, at, context};

pub(crate) use forget::batches as forget;
pub(crate) use members::end_members;

impl BatchStore for SqliteStore {
    fn open_batch<'a>(&'a self, batch: BatchId, begins: &'a Begins, now: Now) -> Reply<'a, bool> {
        let begins = begins.clone();
        Box::pin(async move {
            self.writer.write(move |c| open::open(c, (batch, &begins), at(now))).await
        })
    }

    fn seal_batch(&self, batch: BatchId, now: Now) -> Reply<'_, Sealed> {
        Box::pin(async move {
            let sealed =
                self.writer.write(move |c| seal::seal(&context(c, "", at(now)), batch)).await?;
            self.wakeups.work_anywhere();
            Ok(sealed)
        })
    }

    fn batch(&self, batch: BatchId) -> Reply<'_, Option<BatchRecord>> {
        let read = move |c: &Connection| {
            Ok(list::batches(c, Some(batch), &BatchFilter::default(), 1)?.pop())
        };
        Box::pin(self.readers.read(in_one_snapshot(read)))
    }

    fn batches<'a>(&'a self, filter: &'a BatchFilter, limit: usize) -> Reply<'a, Vec<BatchRecord>> {
        let filter = filter.clone();
        let read = move |c: &Connection| list::batches(c, None, &filter, limit);
        Box::pin(self.readers.read(in_one_snapshot(read)))
    }

    fn members(
        &self,
        batch: BatchId,
        after: Option<JobId>,
        limit: usize,
    ) -> Reply<'_, Vec<MemberRecord>> {
        Box::pin(self.readers.read(move |c| members::members(c, (batch, after), limit)))
    }
}

const REJOIN: &str = "update windlass_member set ended = null where job = ?1 and ended is not null";
const REVIVE: &str = "update windlass_batch set live = 1 \
     where id = (select batch from windlass_member where job = ?1) and live = 0";

/// A job that had ended lives again, and so does its batch.
pub(crate) fn rejoin(connection: &Connection, job: JobId) -> Result<(), StoreError> {
    if run(connection, REJOIN, [Id::from(job)])? > 0 {
        run(connection, REVIVE, [Id::from(job)])?;
    }
    Ok(())
}
