//! rusqlite: a `Connection`, or a `Transaction` on one. It blocks, and so do these.

use rusqlite::{Connection, Transaction};
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, Fence, NewJob};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::target::{EnqueueBlockingOn, FinishBlockingOn};

impl EnqueueBlockingOn for &Connection {
    fn write_blocking(self, job: NewJob) -> Result<Enqueued, StoreError> {
        let jobs = [job];
        let written = windlass_sqlite::enqueue(self, &jobs, Timestamp::wall_clock())?;
        Ok(written.first().copied().unwrap_or(Enqueued::New(jobs[0].id)))
    }
}

impl EnqueueBlockingOn for &Transaction<'_> {
    fn write_blocking(self, job: NewJob) -> Result<Enqueued, StoreError> {
        let connection: &Connection = self;
        connection.write_blocking(job)
    }
}

impl FinishBlockingOn for &Transaction<'_> {
    fn finish_blocking(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError> {
        windlass_sqlite::finish_in_transaction(self, &fence, output)
    }
}
