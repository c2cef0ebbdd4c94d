//! Prune: finished jobs go when their time is over; dead ones never go by themselves.

use windlass_core::limits::KEEP_FINISHED;
use windlass_core::store::{Cancelled, Retried};

use crate::bench::{Bench, MINUTE, SECOND};
use crate::draft::{job, jobs};
use crate::verdicts::{complete, die};

/// T23, O39, S1: completed and cancelled jobs are kept for their time, then removed and still
/// accounted for.
pub async fn finished_jobs_go_when_their_time_is_over(bench: Bench) {
    let ids = bench.enqueue(jobs(2)).await;
    let worker = bench.worker().await;
    worker.run_one(complete()).await;
    bench.advance(MINUTE);
    bench.cancel(ids[1]).await;
    bench.advance(KEEP_FINISHED - MINUTE - SECOND);
    assert_eq!(bench.tidy().await.pruned, 0);
    bench.advance(SECOND);
    assert_eq!(bench.tidy().await.pruned, 1);
    bench.check("cancelled 1, pruned 1").await;
    bench.advance(MINUTE);
    assert_eq!(bench.tidy().await.pruned, 1);
    bench.check("pruned 2").await;
    assert!(bench.store().job(ids[0]).await.expect("it can be asked for").is_none());
    assert_eq!(bench.cancel(ids[0]).await, Cancelled::Missing);
    assert_eq!(bench.retry(ids[1]).await, Retried::Missing);
}

/// X4: failed work is never discarded silently.
pub async fn dead_jobs_are_never_pruned(bench: Bench) {
    bench.enqueue(jobs(50)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(50).await;
    worker.settle_all(&batch, &die()).await;
    bench.advance(1_000 * KEEP_FINISHED);
    assert_eq!(bench.tidy().await.pruned, 0);
    bench.check("dead 50").await;
    assert_eq!(bench.find("state:dead").await.len(), 50);
}

/// D1: whatever has not ended is kept, however old it is.
pub async fn unfinished_jobs_are_never_pruned(bench: Bench) {
    bench.enqueue([job(), job(), job().due_in(5_000 * KEEP_FINISHED)]).await;
    let worker = bench.worker().await;
    worker.claim(1).await;
    bench.advance(1_000 * KEEP_FINISHED);
    assert_eq!(bench.tidy().await.pruned, 0);
    bench.check("scheduled 1, available 1, running 1").await;
}

/// O29: a revived job is kept for a full time after its new end.
pub async fn a_revived_job_is_kept_from_its_new_end_on(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    worker.run_one(complete()).await;
    bench.advance(KEEP_FINISHED - SECOND);
    bench.retry(id).await;
    worker.run_one(complete()).await;
    bench.advance(MINUTE);
    assert_eq!(bench.tidy().await.pruned, 0);
    bench.check("completed 1").await;
}

/// O39: a round is bounded; a few of them remove whatever is old, however much that is.
pub async fn many_old_jobs_go_in_a_few_rounds(bench: Bench) {
    bench.enqueue(jobs(6_000)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(6_000).await;
    worker.settle_all(&batch, &complete()).await;
    bench.advance(KEEP_FINISHED);
    for _ in 0..10 {
        bench.tidy().await;
    }
    bench.check("pruned 6000").await;
}
