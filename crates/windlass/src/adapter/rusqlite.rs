//! rusqlite: a `Connection`, or a `Transaction` on one. rusqlite blocks, so these methods block too.

use rusqlite::{Connection, Transaction};
use windlass_core::condition::{Signal, Signalled};
use windlass_core::error::StoreError;
use windlass_core::event::{NewEvent, Published};
use windlass_core::job::{Enqueued, Fence, NewJob};
use windlass_core::json::Json;
use windlass_core::time::Timestamp;
use windlass_sqlite::{publish, signal};

use crate::transaction::sealed::Sealed;
use crate::transaction::{EnqueueBlockingOn, FinishBlockingOn};

impl Sealed for &Connection {}
impl Sealed for &Transaction<'_> {}

/// Without a transaction of the caller's a call is committed when it returns.
impl EnqueueBlockingOn for &Connection {
    fn write_blocking(&mut self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, StoreError> {
        windlass_sqlite::check_room(self, jobs)?;
        windlass_sqlite::enqueue_all(self, jobs, Timestamp::wall_clock())
    }

    fn signal_blocking(&mut self, signal: &Signal) -> Result<Signalled, StoreError> {
        signal::signal(self, signal, Timestamp::wall_clock())
    }

    fn publish_blocking(&mut self, events: &[NewEvent]) -> Result<Vec<Published>, StoreError> {
        publish::publish_all(self, events, Timestamp::wall_clock())
    }
}

impl EnqueueBlockingOn for &Transaction<'_> {
    fn write_blocking(&mut self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, StoreError> {
        windlass_sqlite::check_room(self, jobs)?;
        windlass_sqlite::enqueue_all(self, jobs, Timestamp::wall_clock())
    }

    fn signal_blocking(&mut self, signal: &Signal) -> Result<Signalled, StoreError> {
        signal::signal(self, signal, Timestamp::wall_clock())
    }

    fn publish_blocking(&mut self, events: &[NewEvent]) -> Result<Vec<Published>, StoreError> {
        publish::publish_all(self, events, Timestamp::wall_clock())
    }
}

impl FinishBlockingOn for &Transaction<'_> {
    fn finish_blocking(self, fence: Fence, output: Option<Json>) -> Result<bool, StoreError> {
        windlass_sqlite::finish_in_transaction(self, &fence, output)
    }
}
