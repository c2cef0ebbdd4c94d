//! Release and leave: jobs handed back are no failures.

use windlass_core::id::LeaseId;
use windlass_core::store::{Batch, Beat, Settled};

use crate::bench::{Bench, MINUTE};
use crate::draft::{job, jobs};
use crate::verdicts::{complete, hand_back, retry};
use crate::worker::settlement;

/// A25, L8: what is handed back is available at once; the attempt is counted, no failure is.
pub async fn a_released_batch_is_available_without_a_failure(bench: Bench) {
    let ids = bench.enqueue(jobs(3)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(3).await;
    assert_eq!(worker.release(&batch).await, 3);
    for id in ids {
        bench.check_job(id, "available, attempt 1").await;
    }
    super::heartbeat::check_leases(&worker, &[]).await;
    assert_eq!(bench.worker().await.claim(9).await.jobs.len(), 3);
}

/// A25: of a batch settled in part, the rest is handed back.
pub async fn only_what_is_unsettled_is_released(bench: Bench) {
    bench.enqueue(jobs(3)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(3).await;
    worker.send(&[settlement(&batch, 0, complete()), settlement(&batch, 2, retry(MINUTE))]).await;
    assert_eq!(worker.release(&batch).await, 1);
    bench.check("available 1, retryable 1, completed 1").await;
}

/// L3: after a release the lease is gone; nothing can be settled under it.
pub async fn a_settlement_after_the_release_is_lost(bench: Bench) {
    bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    worker.release(&batch).await;
    assert_eq!(worker.settle(&batch, 0, complete()).await, Settled::Lost);
    bench.check("available 1").await;
}

/// A release sent twice, or under a lease nobody has, releases nothing.
pub async fn an_unknown_lease_releases_nothing(bench: Bench) {
    bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    let unknown = Batch { lease: LeaseId::new(), jobs: Vec::new() };
    assert_eq!(worker.release(&unknown).await, 0);
    assert_eq!(worker.release(&batch).await, 1);
    assert_eq!(worker.release(&batch).await, 0);
    bench.check("available 1").await;
}

/// A25: a job handed back without ever having been started leaves no entry in its history.
pub async fn a_job_handed_back_unstarted_leaves_no_entry(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    let mut unstarted = settlement(&batch, 0, hand_back());
    unstarted.ran = None;
    assert_eq!(worker.send(&[unstarted]).await, [Settled::Done]);
    bench.check_job(id, "available, attempt 1").await;
}

/// X18, D2: a job that was called off ends when it is handed back; it neither runs again nor
/// stays running without a lease.
pub async fn a_called_off_job_ends_when_its_batch_is_released(bench: Bench) {
    let ids = bench.enqueue(jobs(2)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(2).await;
    bench.cancel(ids[0]).await;
    worker.release(&batch).await;
    bench.check("available 1, cancelled 1").await;
}

/// C32, A25: a worker that leaves hands back everything it holds and is off the list.
pub async fn a_worker_that_leaves_hands_back_everything(bench: Bench) {
    bench.enqueue(jobs(5)).await;
    let worker = bench.worker().await;
    let (first, _second) = (worker.claim(2).await, worker.claim(2).await);
    worker.settle(&first, 0, complete()).await;
    let id = worker.id();
    worker.leave().await;
    bench.check("available 4, completed 1").await;
    assert!(bench.store().workers().await.expect("they can be listed").is_empty());
    let beat = bench.store().heartbeat(id, MINUTE, bench.now()).await.expect("it is answered");
    assert_eq!(beat, Beat::Gone);
}

/// X18, D2: a job that was called off ends when its worker leaves.
pub async fn a_called_off_job_ends_when_its_worker_leaves(bench: Bench) {
    let ids = bench.enqueue(jobs(2)).await;
    let worker = bench.worker().await;
    worker.claim(2).await;
    bench.cancel(ids[1]).await;
    worker.leave().await;
    bench.check("available 1, cancelled 1").await;
}
