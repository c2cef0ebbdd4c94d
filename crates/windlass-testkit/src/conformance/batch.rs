//! What every store does with batches.

pub mod end;
pub mod make;
pub mod show;
pub mod unmet;

use windlass_core::batch::{BatchRecord, Begins};
use windlass_core::condition::{Ends, Waits};
use windlass_core::id::{BatchId, JobId};

use crate::draft::{Draft, job};
use crate::fixture::StoreFixture;

/// Jobs of a new batch, and of one that waits for its end.
struct Written {
    batch: BatchId,
    jobs: Vec<JobId>,
    then: JobId,
}

/// Writes a batch of these jobs and one on another queue that waits for its end, however.
async fn started(fixture: &StoreFixture, jobs: Vec<Draft>) -> Written {
    let batch = BatchId::new();
    let mut first = Some(Begins::default());
    let jobs = jobs.into_iter().map(|draft| match first.take() {
        Some(begins) => draft.begins(batch, begins),
        None => draft.member_of(batch),
    });
    let mut ids = fixture.enqueue(jobs.chain([after(batch, Ends::ANY)])).await;
    let then = ids.pop().expect("the last one");
    Written { batch, jobs: ids, then }
}

/// A job on a queue of its own that waits for such an end of a batch.
fn after(batch: BatchId, ends: Ends) -> Draft {
    job().queue("then").waits(Waits::all().batch_ended("batch", batch, ends))
}

async fn record(fixture: &StoreFixture, batch: BatchId) -> BatchRecord {
    fixture.store().batch(batch).await.expect("read").expect("it is there")
}
