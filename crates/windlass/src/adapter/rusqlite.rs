//! rusqlite: a `Connection`, or a `Transaction` on one. It blocks, and so do these.

use rusqlite::{Connection, Transaction};
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, Fence, NewJob};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::transaction::{EnqueueBlockingOn, FinishBlockingOn};

/// Without a transaction of the caller's each job is committed by itself.
impl EnqueueBlockingOn for &Connection {
    fn write_blocking(&mut self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, StoreError> {
        windlass_sqlite::enqueue(self, jobs, Timestamp::wall_clock())
    }
}

impl EnqueueBlockingOn for &Transaction<'_> {
    fn write_blocking(&mut self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, StoreError> {
        windlass_sqlite::enqueue(self, jobs, Timestamp::wall_clock())
    }
}

impl FinishBlockingOn for &Transaction<'_> {
    fn finish_blocking(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError> {
        windlass_sqlite::finish_in_transaction(self, &fence, output)
    }
}
