//! Circuit breakers: nothing starts for a time after failures.

use windlass_core::job::{Limited, Outcome};
use windlass_core::limit::{Limit, LimitOn};

use super::set::{on_kind, set};
use crate::draft::{KIND, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, retry, retry_after};
use crate::worker::Worker;

async fn fails(worker: &Worker<'_>, jobs: usize) {
    for _ in 0..jobs {
        worker.run_one(retry(60 * MINUTE)).await;
    }
}

/// C38: after so many failures within a time nothing starts; then one probe does, and its end decides. Jobs that wait
/// for it lose no attempt.
pub async fn after_failures_one_job_probes(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let waiting = fixture.enqueue(jobs(20)).await;
    set(&fixture, &on_kind(KIND).break_after(3, MINUTE, 10 * SECOND)).await;
    fails(&worker, 3).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "it is open");
    fixture.advance(9 * SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 0);
    fixture.advance(SECOND);
    let probe = worker.claim(9).await;
    assert_eq!(probe.jobs.len(), 1, "one job probes");
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "and no other beside it");
    worker.settle_all(&probe, &retry(60 * MINUTE)).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "it failed: open again");
    fixture.advance(10 * SECOND);
    let probe = worker.claim(9).await;
    assert_eq!(probe.jobs.len(), 1);
    worker.settle_all(&probe, &complete()).await;
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 9, "closed");
    let last = fixture.job(waiting[19]).await;
    assert_eq!((last.attempt, last.failures), (0, 0));
}

/// C38: failures that lie further apart, or are lost workers, open nothing.
pub async fn failures_far_apart_open_nothing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(20)).await;
    set(&fixture, &on_kind(KIND).break_after(3, 10 * SECOND, MINUTE)).await;
    for _ in 0..4 {
        fails(&worker, 1).await;
        fixture.advance(6 * SECOND);
        worker.beat().await;
    }
    for _ in 0..3 {
        assert_eq!(fixture.worker().await.claim(1).await.jobs.len(), 1);
        fixture.rescue().await;
    }
    assert_eq!(fixture.worker().await.claim(9).await.jobs.len(), 9);
}

/// C38: each key of a name has a breaker of its own; timeouts and panics count too.
pub async fn each_key_has_a_breaker_of_its_own(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    set(&fixture, &Limit::on(LimitOn::Key("crm".to_owned())).break_after(2, MINUTE, MINUTE)).await;
    let of = |key: &str| job().limited(Limited::by(key).named("crm"));
    fixture.enqueue([of("a"), of("a"), of("a")]).await;
    for outcome in [Outcome::Timeout, Outcome::Panic] {
        worker.run_one(retry_after(outcome, 60 * MINUTE)).await;
    }
    let b = fixture.enqueue_one(of("b")).await;
    let batch = worker.claim(9).await;
    assert_eq!(batch.jobs.len(), 1, "only that of b");
    assert_eq!(batch.jobs[0].id, b);
}

/// C38: a person closes a breaker: jobs start at once, and the failures of before count no more. That of another stays, and
/// one that was taken away is not listed as open.
pub async fn a_person_closes_a_breaker(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(9)).await;
    let on = LimitOn::Kind(KIND.to_owned());
    let store = fixture.store();
    set(&fixture, &on_kind(KIND).break_after(2, MINUTE, MINUTE)).await;
    assert!(!store.close_breaker(&on).await.expect("it reaches the store"), "none is open");
    fails(&worker, 2).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "it is open");
    let listed = || async { store.limits(fixture.now()).await.expect("listed").remove(0) };
    assert_eq!(listed().await.open_until(), Some(fixture.moment().after(MINUTE)));
    let other = LimitOn::Queue(KIND.to_owned());
    assert!(!store.close_breaker(&other).await.expect("it reaches the store"), "another");
    assert!(store.close_breaker(&on).await.expect("it reaches the store"));
    assert_eq!(listed().await.open_since, None);
    fails(&worker, 1).await;
    assert_eq!(worker.claim(1).await.jobs.len(), 1, "one failure since");
    fails(&worker, 1).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "two failures since");
    set(&fixture, &on_kind(KIND).running(9)).await;
    let now = listed().await;
    assert_eq!((now.open_since, now.open_until()), (None, None), "it has no breaker any more");
}

/// C38: a probe whose worker is lost is followed by another.
pub async fn a_lost_probe_is_followed_by_another(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(9)).await;
    set(&fixture, &on_kind(KIND).break_after(1, MINUTE, SECOND)).await;
    fails(&worker, 1).await;
    fixture.advance(SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "noticed by a claim");
    fixture.advance(SECOND);
    assert_eq!(worker.claim(9).await.jobs.len(), 1);
    fixture.rescue().await;
    let worker = fixture.worker().await;
    let probe = worker.claim(9).await;
    assert_eq!(probe.jobs.len(), 1, "a loss says nothing: another probes");
    worker.settle_all(&probe, &complete()).await;
    assert!(worker.claim(9).await.jobs.len() > 1, "closed");
}

/// C38: a job that began before the breaker opened, and fails while a probe runs, does not open it again.
pub async fn only_its_probe_opens_it_again(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue(jobs(12)).await;
    let before = worker.claim(1).await;
    set(&fixture, &on_kind(KIND).break_after(2, MINUTE, SECOND)).await;
    fails(&worker, 2).await;
    assert_eq!(worker.claim(9).await.jobs.len(), 0, "noticed by a claim");
    fixture.advance(SECOND);
    let probe = worker.claim(9).await;
    assert_eq!(probe.jobs.len(), 1);
    worker.settle_all(&before, &retry(60 * MINUTE)).await;
    worker.settle_all(&probe, &complete()).await;
    assert_eq!(worker.claim(8).await.jobs.len(), 8, "closed");
}
