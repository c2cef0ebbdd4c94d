//! Prune: finished jobs go when their time is over; dead ones never go by themselves.

use windlass_core::job::{Cancelled, Retried};
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::name::DEFAULT_QUEUE;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die};

/// T23, O39, S1: completed and cancelled jobs are kept for their time, then removed and still
/// accounted for.
pub async fn finished_jobs_go_when_their_time_is_over(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    worker.run_one(complete()).await;
    fixture.advance(MINUTE);
    fixture.cancel(ids[1]).await;
    fixture.advance(KEEP_FINISHED - MINUTE - SECOND);
    assert_eq!(fixture.tidy().await.pruned, 0);
    fixture.advance(SECOND);
    assert_eq!(fixture.tidy().await.pruned, 1);
    fixture.check("cancelled 1, pruned 1").await;
    fixture.advance(MINUTE);
    assert_eq!(fixture.tidy().await.pruned, 1);
    fixture.check("pruned 2").await;
    let counts = fixture.store().counts().await.expect("counted");
    let by_queue: Vec<(&str, u64)> =
        counts.pruned_by_queue.iter().map(|(queue, jobs)| (queue.as_str(), *jobs)).collect();
    assert_eq!(by_queue, [(DEFAULT_QUEUE, 2)]);
    assert_eq!(counts.ended(DEFAULT_QUEUE), Some(2), "what is gone has still ended");
    assert_eq!(counts.ended("other"), None);
    assert!(fixture.store().job(ids[0]).await.expect("it can be asked for").is_none());
    assert_eq!(fixture.cancel(ids[0]).await, Cancelled::Missing);
    assert_eq!(fixture.retry(ids[1]).await, Retried::Missing);
}

/// X4: failed work is never discarded silently.
pub async fn dead_jobs_are_never_pruned(fixture: StoreFixture) {
    fixture.enqueue(jobs(50)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(50).await;
    worker.settle_all(&batch, &die()).await;
    fixture.advance(1_000 * KEEP_FINISHED);
    assert_eq!(fixture.tidy().await.pruned, 0);
    fixture.check("dead 50").await;
    assert_eq!(fixture.find("state:dead").await.len(), 50);
}

/// I-D1: whatever has not ended is kept, however old it is.
pub async fn unfinished_jobs_are_never_pruned(fixture: StoreFixture) {
    fixture.enqueue([job(), job(), job().due_in(5_000 * KEEP_FINISHED)]).await;
    let worker = fixture.worker().await;
    worker.claim(1).await;
    fixture.advance(1_000 * KEEP_FINISHED);
    assert_eq!(fixture.tidy().await.pruned, 0);
    fixture.check("scheduled 1, available 1, running 1").await;
}

/// O29: a revived job is kept for a full time after its new end.
pub async fn a_revived_job_is_kept_from_its_new_end_on(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    worker.run_one(complete()).await;
    fixture.advance(KEEP_FINISHED - SECOND);
    fixture.retry(id).await;
    worker.run_one(complete()).await;
    fixture.advance(MINUTE);
    assert_eq!(fixture.tidy().await.pruned, 0);
    fixture.check("completed 1").await;
}

/// O39: a round is bounded; a few of them remove whatever is old, however much that is.
pub async fn many_old_jobs_go_in_a_few_rounds(fixture: StoreFixture) {
    fixture.enqueue(jobs(6_000)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(6_000).await;
    worker.settle_all(&batch, &complete()).await;
    fixture.advance(KEEP_FINISHED);
    for _ in 0..10 {
        fixture.tidy().await;
    }
    fixture.check("pruned 6000").await;
}
