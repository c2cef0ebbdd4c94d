//! Release and leave: jobs handed back have not failed.

use windlass_core::id::LeaseId;
use windlass_core::job::{Batch, Settled};
use windlass_core::worker::Beat;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, hand_back, retry};
use crate::worker::settlement;

/// A25, I-L8: what is handed back is available at once; the attempt is counted, no failure is.
pub async fn a_released_batch_is_available_without_a_failure(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(3)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(3).await;
    assert_eq!(worker.release(&batch).await, 3);
    for id in ids {
        fixture.check_job(id, "available, attempt 1").await;
    }
    worker.check_leases(&[]).await;
    assert_eq!(fixture.worker().await.claim(9).await.jobs.len(), 3);
}

/// A25: of a batch settled in part, the rest is handed back.
pub async fn only_what_is_unsettled_is_released(fixture: StoreFixture) {
    fixture.enqueue(jobs(3)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(3).await;
    worker.send(&[settlement(&batch, 0, complete()), settlement(&batch, 2, retry(MINUTE))]).await;
    assert_eq!(worker.release(&batch).await, 1);
    fixture.check("available 1, retryable 1, completed 1").await;
}

/// I-L3: after a release the lease is gone; nothing can be settled under it.
pub async fn a_settlement_after_the_release_is_lost(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    worker.release(&batch).await;
    assert_eq!(worker.settle(&batch, 0, complete()).await, Settled::Lost);
    fixture.check("available 1").await;
}

/// A release sent twice, or under a lease nobody has, releases nothing.
pub async fn an_unknown_lease_releases_nothing(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    let unknown = Batch { lease: LeaseId::new(), claimed_at: None, jobs: Vec::new() };
    assert_eq!(worker.release(&unknown).await, 0);
    assert_eq!(worker.release(&batch).await, 1);
    assert_eq!(worker.release(&batch).await, 0);
    fixture.check("available 1").await;
}

/// A25: a job handed back without ever having been started leaves no entry in its history.
pub async fn a_job_handed_back_unstarted_leaves_no_entry(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    let mut unstarted = settlement(&batch, 0, hand_back());
    unstarted.ran = None;
    assert_eq!(worker.send(&[unstarted]).await, [Settled::Done]);
    fixture.check_job(id, "available, attempt 1").await;
}

/// X18, I-D2: a job that was cancelled ends when it is handed back; it neither runs again nor
/// stays running without a lease.
pub async fn a_job_asked_to_cancel_ends_when_its_batch_is_released(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    fixture.cancel(ids[0]).await;
    worker.release(&batch).await;
    fixture.check("available 1, cancelled 1").await;
}

/// C32, A25: a worker that leaves hands back everything it holds and is off the list.
pub async fn a_worker_that_leaves_hands_back_everything(fixture: StoreFixture) {
    fixture.enqueue(jobs(5)).await;
    let worker = fixture.worker().await;
    let (first, _second) = (worker.claim(2).await, worker.claim(2).await);
    worker.settle(&first, 0, complete()).await;
    let id = worker.id();
    worker.leave().await;
    fixture.check("available 4, completed 1").await;
    assert!(fixture.store().workers().await.expect("they can be listed").is_empty());
    let beat =
        fixture.store().heartbeat(id, MINUTE.into(), fixture.now()).await.expect("it is answered");
    assert_eq!(beat, Beat::Gone);
}

/// X18, I-D2: a job that was cancelled ends when its worker leaves.
pub async fn a_job_asked_to_cancel_ends_when_its_worker_leaves(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    worker.claim(2).await;
    fixture.cancel(ids[1]).await;
    worker.leave().await;
    fixture.check("available 1, cancelled 1").await;
}
