//! What a worker holds, for who speaks for it: a server that was started again.

use std::sync::Arc;

use windlass_core::job::Settled;

use crate::draft::{job, jobs};
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::{complete, retry};
use crate::worker::settlement;

/// T8: what is in hand is told as it was claimed, so that somebody who did not claim it can settle it.
pub async fn what_a_worker_holds_is_told_as_it_was_claimed(fixture: StoreFixture) {
    fixture.enqueue_one(job().args("{\"a\":1}").tag("t").max_attempts(4).priority(-2)).await;
    let worker = fixture.worker().await;
    let first = worker.claim(1).await;
    worker.settle(&first, 0, retry(SECOND)).await;
    fixture.advance(SECOND);
    fixture.promote().await;
    let claimed = worker.claim(1).await;
    let held = fixture.store().in_hand(worker.id()).await.expect("they can be read");
    let [one] = held.as_slice() else { panic!("expected one, found {held:?}") };
    assert_eq!((one.lease, one.claimed_at), (claimed.lease, fixture.moment()));
    // A store says itself in which form it keeps meta and history; what it means is the same.
    let shown = |job: &windlass_core::job::Claimed| {
        format!(
            "{:?}",
            (
                (job.position, job.batch, job.id, &job.kind, job.version, &job.queue, job.priority),
                (job.attempt, job.failures, job.losses, job.max_attempts, job.args.as_str()),
                (job.run_at, job.created_at, job.root, job.parent, &job.meta, &job.history),
            )
        )
    };
    assert_eq!(shown(&one.job), shown(&claimed.jobs[0]));
}

/// T8: only what is unsettled is in hand, each with its place.
pub async fn only_what_is_unsettled_is_in_hand(fixture: StoreFixture) {
    fixture.enqueue(jobs(5)).await;
    let (worker, other) = (fixture.worker().await, fixture.worker().await);
    let batch = worker.claim(3).await;
    other.claim(2).await;
    worker.settle(&batch, 1, complete()).await;
    let held = fixture.store().in_hand(worker.id()).await.expect("they can be read");
    let places: Vec<_> =
        held.iter().map(|one| (one.job.id, one.job.position, one.job.batch)).collect();
    let expected = [0, 2].map(|nth| &batch.jobs[nth]).map(|job| (job.id, job.position, 3));
    assert_eq!(places, expected);
    let rest: Vec<_> = held
        .iter()
        .map(|one| {
            let mut settlement = settlement(&batch, 0, complete());
            settlement.job = Arc::clone(&one.job);
            settlement
        })
        .collect();
    assert_eq!(worker.send(&rest).await, [Settled::Done, Settled::Done]);
    assert!(fixture.store().in_hand(worker.id()).await.expect("read").is_empty());
    fixture.check("running 2, completed 3").await;
}

/// Nobody's hands are empty.
pub async fn an_unknown_worker_holds_nothing(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    let nobody = windlass_core::id::WorkerId::new();
    assert!(fixture.store().in_hand(nobody).await.expect("read").is_empty());
}
