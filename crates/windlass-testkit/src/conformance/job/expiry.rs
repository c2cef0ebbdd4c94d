//! Expiry: what has not started in time is cancelled and never runs.

use windlass_core::job::{Enqueued, Outcome, Retried, State, Unique};
use windlass_core::limits::{LEASE, SWEEP_JOBS};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, retry};
use crate::worker::{job_ids, worker};

/// T45, I-W7: by the database's clock a claim passes over it, also where nobody sweeps; a sweep then cancels it.
pub async fn a_job_that_has_not_started_in_time_never_runs(fixture: StoreFixture) {
    let expired = fixture.enqueue_one(job().expires_in(10 * SECOND)).await;
    let other = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    fixture.advance(10 * SECOND);
    assert_eq!(job_ids(&worker.claim(9).await), [other]);
    assert_eq!(worker.sweep().await.expired, 1);
    let end = "cancelled, history expired: expired at 2040-01-01T00:00:10.000Z";
    fixture.check_job(expired, end).await;
    let entry = fixture.job(expired).await.history.remove(0);
    assert_eq!((entry.attempt, entry.started_at), (1, None));
    assert_eq!(entry.ended_at, Some(fixture.moment()));
    assert_eq!(worker.sweep().await.expired, 0);
}

/// T45: until then it runs like any other, and has its time to end.
pub async fn a_job_that_started_in_time_may_end_later(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().expires_in(10 * SECOND)).await;
    let worker = fixture.worker().await;
    fixture.advance(9 * SECOND);
    let batch = worker.claim(9).await;
    assert_eq!(batch.claimed_at, Some(fixture.moment()));
    fixture.advance(9 * SECOND);
    assert_eq!(worker.sweep().await.expired, 0);
    worker.settle(&batch, 0, complete()).await;
    fixture.check_job(id, "completed, attempt 1").await;
}

/// T45: the next attempt of one that failed, or whose worker died, does not run after that time.
pub async fn no_attempt_begins_after_it_has_expired(fixture: StoreFixture) {
    let failed = fixture.enqueue_one(job().expires_in(MINUTE)).await;
    let sweeper = fixture.worker().await;
    sweeper.run_one(retry(SECOND)).await;
    let lost = fixture.enqueue_one(job().expires_in(MINUTE)).await;
    fixture.worker().await.claim(1).await;
    fixture.advance(LEASE + MINUTE);
    sweeper.beat().await;
    while sweeper.sweep().await.rescued > 0 {}
    assert_eq!(sweeper.claim(9).await.jobs.len(), 0);
    for (id, outcome) in [(failed, Outcome::Error), (lost, Outcome::Lost)] {
        let record = fixture.job(id).await;
        let outcomes: Vec<Outcome> = record.history.iter().map(|past| past.outcome).collect();
        assert_eq!((record.state, outcomes), (State::Cancelled, vec![outcome, Outcome::Expired]));
    }
}

/// T45: scheduled, parked, available and failed ones alike.
pub async fn a_job_expires_wherever_it_waits(fixture: StoreFixture) {
    fixture.start(worker().knowing(&[("work", 1)])).await;
    let expiring = || job().expires_in(MINUTE);
    fixture.enqueue([expiring().kind("unknown"), expiring()]).await;
    fixture.worker().await.run_one(retry(2 * MINUTE)).await;
    fixture.tidy().await;
    fixture.enqueue([expiring(), job().due_in(MINUTE / 2).expires_in(MINUTE / 2)]).await;
    fixture.check("waiting 1, scheduled 1, available 1, retryable 1").await;
    fixture.advance(MINUTE);
    assert_eq!(fixture.promote().await.expired, 4);
    fixture.check("cancelled 4").await;
}

/// T45: the time counts from when the job is due, so that a delay does not use it up.
pub async fn the_time_counts_from_when_it_is_due(fixture: StoreFixture) {
    let due = fixture.moment().after(MINUTE);
    let drafts = [job().due_in(MINUTE), job().due_at(due)];
    fixture.enqueue(drafts.map(|draft| draft.expires_in(SECOND))).await;
    fixture.advance(MINUTE);
    assert_eq!(fixture.promote().await.expired, 2, "a promotion comes ten seconds later");
    fixture.enqueue([job().due_in(MINUTE).expires_in(30 * SECOND)]).await;
    fixture.advance(MINUTE);
    let swept = fixture.promote().await;
    assert_eq!((swept.promoted, swept.expired), (1, 0));
}

/// The leader learns when a job expires, and promises nothing for one that runs.
pub async fn a_sweep_tells_when_the_next_job_expires(fixture: StoreFixture) {
    let sweeper = fixture.worker().await;
    fixture.enqueue([job().expires_in(2 * MINUTE), job().expires_in(MINUTE)]).await;
    assert_eq!(sweeper.sweep().await.next_due, Some(MINUTE));
    sweeper.claim(1).await;
    fixture.advance(MINUTE);
    sweeper.beat().await;
    let swept = sweeper.sweep().await;
    assert_eq!((swept.expired, swept.next_due), (1, None));
}

/// O39: a round is bounded, and says that there is more to do at once.
pub async fn many_jobs_expire_in_bounded_rounds(fixture: StoreFixture) {
    fixture.enqueue(jobs(SWEEP_JOBS + 1).map(|job| job.expires_in(SECOND))).await;
    fixture.advance(SECOND);
    let sweeper = fixture.worker().await;
    let first = sweeper.sweep().await;
    assert!((1..=SWEEP_JOBS as u64).contains(&first.expired), "{first:?}");
    assert_eq!(first.next_due, Some(std::time::Duration::ZERO));
    assert_eq!(sweeper.sweep().await.expired, (SWEEP_JOBS + 1) as u64 - first.expired);
    fixture.check("cancelled 1001").await;
}

/// T45: what a person runs again runs, whether a sweep has found that it is over or not, and expires no more.
pub async fn a_retry_of_an_expired_job_runs(fixture: StoreFixture) {
    let swept = fixture.enqueue_one(job().expires_in(SECOND)).await;
    fixture.advance(SECOND);
    let worker = fixture.worker().await;
    assert_eq!(worker.sweep().await.expired, 1);
    let unseen = fixture.enqueue_one(job().expires_in(SECOND)).await;
    let waits = job().due_in(SECOND).expires_in(MINUTE).max_losses(7);
    let waits = fixture.enqueue_one(waits).await;
    fixture.advance(SECOND);
    for id in [swept, unseen, waits] {
        assert_eq!(fixture.retry(id).await, Retried::Now);
    }
    fixture.check_job(unseen, "available, history expired").await;
    fixture.advance(10 * MINUTE);
    assert_eq!(fixture.job(waits).await.meta.max_losses, Some(7));
    worker.beat().await;
    assert_eq!(worker.sweep().await.expired, 0);
    assert_eq!(worker.claim(9).await.jobs.len(), 3);
}

/// I-U3: one that has expired holds no key, whether a sweep has found it or not.
pub async fn an_expired_job_holds_no_key(fixture: StoreFixture) {
    let unique = || job().unique(Unique::by("a"));
    let first = fixture.enqueue_one(unique().expires_in(SECOND)).await;
    fixture.advance(SECOND);
    let second = fixture.enqueue_one(unique()).await;
    assert_eq!(fixture.retry(first).await, Retried::Held(second));
    assert_eq!(fixture.job(first).await.state, State::Cancelled);
}

/// C24: one that replaces another gives it its time too.
pub async fn a_replaced_job_expires_as_the_one_that_came(fixture: StoreFixture) {
    let draft = || job().unique(Unique::by("a").replace());
    let id = fixture.enqueue_one(draft().expires_in(SECOND)).await;
    fixture.advance(SECOND / 2);
    for (draft, expires_in) in [(draft().expires_in(MINUTE), Some(MINUTE)), (draft(), None)] {
        let answer = fixture.try_enqueue(&[draft.done()]).await.expect("asked");
        assert_eq!(answer, [Enqueued::Replaced(id)]);
        let record = fixture.job(id).await;
        let expected = expires_in.map(|time| fixture.moment().after(time));
        assert_eq!(record.meta.expires_at(record.created_at), expected);
    }
    let worker = fixture.worker().await;
    fixture.advance(2 * MINUTE);
    worker.beat().await;
    assert_eq!(worker.sweep().await.expired, 0, "it has no such time any more");
    fixture.try_enqueue(&[draft().expires_in(SECOND).done()]).await.expect("asked");
    fixture.advance(SECOND);
    assert_eq!(worker.sweep().await.expired, 1);
}
