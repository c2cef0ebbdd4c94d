//! Limits by key: so many jobs of a key run at once.

use std::sync::Arc;

use windlass_core::job::Limited;
use windlass_core::limits::LEASE;

use crate::draft::{Draft, job};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, die, hand_back, retry, snooze};
use crate::worker::{job_ids, worker};

fn of(key: &str, running: u32) -> Draft {
    job().limited(Limited::by(key).running(running))
}

/// O9, I-O3: of one key so many run at once, and other keys are not delayed.
pub async fn so_many_of_a_key_run_at_once(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let a = fixture.enqueue((0..5).map(|_| of("a", 2))).await;
    let b = fixture.enqueue_one(of("b", 2)).await;
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 3);
    assert!([a[0], a[1], b].iter().all(|id| job_ids(&batch).contains(id)), "in their order");
    assert_eq!(job_ids(&worker.claim(9).await), []);
    let first_of_a = batch.jobs.iter().position(|job| job.id == a[0]).expect("claimed");
    worker.settle(&batch, first_of_a, complete()).await;
    assert_eq!(job_ids(&worker.claim(9).await), [a[2]]);
}

/// X9: a place is free again by every road, and only running jobs have one.
pub async fn a_place_is_free_again_by_every_road(fixture: StoreFixture) {
    for end in [complete(), die(), retry(MINUTE), snooze(MINUTE), hand_back()] {
        fixture.enqueue_one(of("a", 1)).await;
        let worker = fixture.worker().await;
        let batch = worker.claim(1).await;
        assert_eq!(batch.jobs.len(), 1, "free before {end:?}");
        assert_eq!(worker.claim(1).await.jobs.len(), 0);
        worker.settle_all(&batch, &end).await;
    }
    let worker = fixture.worker().await;
    assert_eq!(worker.claim(1).await.jobs.len(), 1);
    fixture.rescue().await;
    let worker = fixture.worker().await;
    assert_eq!(worker.claim(1).await.jobs.len(), 1, "free after the worker was lost");
    worker.leave().await;
    assert_eq!(fixture.worker().await.claim(1).await.jobs.len(), 1, "free after the worker left");
}

/// X9: a job that runs for longer than any lease keeps its place while its worker lives.
pub async fn a_place_is_kept_while_the_job_runs(fixture: StoreFixture) {
    fixture.enqueue([of("a", 1), of("a", 1)]).await;
    let holder = fixture.worker().await;
    assert_eq!(holder.claim(1).await.jobs.len(), 1);
    for _ in 0..20 {
        fixture.advance(LEASE / 2);
        holder.beat().await;
        fixture.tidy().await;
        let other = fixture.worker().await;
        other.sweep().await;
        assert_eq!(other.claim(1).await.jobs.len(), 0);
    }
}

/// O9: kinds share a limit by its name, and have one of their own without.
pub async fn kinds_share_a_limit_by_name(fixture: StoreFixture) {
    let both = fixture.start(worker().knowing(&[("work", 1), ("send", 1)])).await;
    let named = |kind: &str| job().kind(kind).limited(Limited::by("a").running(1).named("crm"));
    fixture.enqueue([named("work"), named("send")]).await;
    assert_eq!(both.claim(9).await.jobs.len(), 1);
    fixture.enqueue([of("a", 1), of("a", 1).kind("send")]).await;
    assert_eq!(both.claim(9).await.jobs.len(), 2);
}

/// O9, I-O3: jobs of a key may say different numbers, as before and after a deploy: each goes by its own.
pub async fn jobs_of_a_key_may_say_different_numbers(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue_one(of("a", 1)).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
    let jobs = fixture.enqueue([of("a", 1), of("a", 2)]).await;
    assert_eq!(job_ids(&worker.claim(9).await), [jobs[1]], "one runs, and it says two");
    let free = fixture.enqueue_one(job().limited(Limited::by("b"))).await;
    let one = fixture.enqueue([of("b", 1), of("b", 1)]).await[0];
    // One claim may count both, as they share a key; the next one does not.
    let mut claimed = job_ids(&worker.claim(9).await);
    claimed.extend(job_ids(&worker.claim(9).await));
    claimed.sort_unstable();
    assert_eq!(claimed, [free, one], "who says no number is not counted");
}

/// O9, X9: claims that race stay within the limit.
pub async fn racing_claims_stay_within_the_limit(fixture: StoreFixture) {
    fixture.enqueue((0..60).map(|n| of(&format!("key {}", n % 3), 4))).await;
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    let workers = [fixture.worker().await, fixture.worker().await, fixture.worker().await];
    let mut ended = 0;
    while ended < 60 {
        let claims = stores.iter().zip(&workers).map(|(store, worker)| {
            let (store, request, now) = (Arc::clone(store), worker.request(7), fixture.now());
            async move { store.claim(&request, now).await.expect("a claim reaches the store") }
        });
        let batches = futures_util::future::join_all(claims).await;
        for nth in 0..3 {
            let key = format!("key {nth}");
            let running = batches.iter().flat_map(|batch| &batch.jobs);
            let running =
                running.filter(|job| job.meta.limited.as_ref().is_some_and(|l| l.key() == key));
            assert!(running.count() <= 4, "more than four of {key}");
        }
        fixture.advance(SECOND);
        for (worker, batch) in workers.iter().zip(&batches) {
            ended += worker.settle_all(batch, &complete()).await.len();
        }
    }
}

/// A26: of 5,000 jobs in front of a queue most wait for the one place of their key: each claim finds as many of the others as
/// it asks for, until none of them is left.
pub async fn what_is_kept_keeps_no_slot_empty(fixture: StoreFixture) {
    let of = |key: String| job().limited(Limited::by(key).running(1));
    let kept = (0..4_000).map(|nth| of(format!("kept {}", nth % 4)));
    let free = (0..1_000).map(|nth| of(format!("free {}", nth % 100)));
    fixture.enqueue(kept.chain(free)).await;
    let worker = fixture.worker().await;
    assert_eq!(worker.claim(4 + 100).await.jobs.len(), 4 + 100, "one of each key");
    fixture.check("available 4896, running 104").await;
    assert_eq!(worker.claim(50).await.jobs.len(), 0, "every key has what it may");
    let other = fixture.worker().await;
    fixture.enqueue((0..900).map(|nth| of(format!("more {}", nth % 90)))).await;
    for left in (0..10).rev() {
        let batch = other.claim(90).await;
        assert_eq!(batch.jobs.len(), 90, "{left} rounds are left");
        other.settle_all(&batch, &complete()).await;
    }
    assert_eq!(other.claim(90).await.jobs.len(), 0);
}
