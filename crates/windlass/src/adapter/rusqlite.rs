//! rusqlite: a `Connection`, or a `Transaction`, which derefs to one.

use rusqlite::{Connection, Transaction};
use windlass_core::context::Fence;
use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, NewJob};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;

use crate::target::{EnqueueOn, FinishOn};

/// A connection cannot be sent between threads, so everything happens before the future exists.
fn write(connection: &Connection, job: &NewJob) -> Result<Enqueued, StoreError> {
    let written = windlass_sqlite::enqueue(connection, std::slice::from_ref(job), Timestamp::wall_clock())?;
    Ok(written.first().copied().unwrap_or(Enqueued::New(job.id)))
}

impl EnqueueOn for &Connection {
    fn write(self, job: NewJob) -> impl Future<Output = Result<Enqueued, StoreError>> + Send {
        std::future::ready(write(self, &job))
    }
}

impl EnqueueOn for &Transaction<'_> {
    fn write(self, job: NewJob) -> impl Future<Output = Result<Enqueued, StoreError>> + Send {
        std::future::ready(write(self, &job))
    }
}

impl FinishOn for &Transaction<'_> {
    fn finish(
        self,
        fence: Fence,
        output: Option<Json>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        std::future::ready(windlass_sqlite::finish_in_transaction(self, &fence, output))
    }
}
