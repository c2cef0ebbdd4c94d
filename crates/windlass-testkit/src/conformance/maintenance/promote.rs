//! Promote: what is due becomes available, and nothing before.

use windlass_core::limits::SWEEP_JOBS;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{retry, snooze};
use crate::worker::job_ids;

/// I-W6: a sweep makes available what is due at its moment, and leaves the rest.
pub async fn only_due_jobs_become_available(fixture: StoreFixture) {
    let due = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let later = fixture.enqueue_one(job().due_in(MINUTE + SECOND)).await;
    let sweeper = fixture.worker().await;
    assert_eq!(sweeper.sweep().await.promoted, 0);
    fixture.advance(MINUTE);
    assert_eq!(sweeper.sweep().await.promoted, 1);
    fixture.check_job(due, "available").await;
    fixture.check_job(later, "scheduled in 1s").await;
}

/// O3, E5: failed and snoozed jobs come back in the same way.
pub async fn failed_and_snoozed_jobs_come_back_when_due(fixture: StoreFixture) {
    fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    worker.run_one(retry(MINUTE)).await;
    worker.run_one(snooze(MINUTE)).await;
    fixture.check("scheduled 1, retryable 1").await;
    fixture.advance(MINUTE);
    assert_eq!(worker.sweep().await.promoted, 2);
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// A promoted job keeps the place that its due time gives it.
pub async fn a_promoted_job_keeps_its_due_time(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job().due_in(SECOND)).await;
    fixture.advance(MINUTE);
    let second = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    worker.sweep().await;
    assert_eq!(job_ids(&worker.claim(9).await), [first, second]);
}

/// The leader learns how long it may sleep.
pub async fn a_sweep_tells_when_the_next_job_is_due(fixture: StoreFixture) {
    let sweeper = fixture.worker().await;
    assert_eq!(sweeper.sweep().await.next_due, None);
    fixture.enqueue([job().due_in(2 * MINUTE), job().due_in(MINUTE)]).await;
    assert_eq!(sweeper.sweep().await.next_due, Some(MINUTE));
    fixture.advance(20 * SECOND);
    assert_eq!(sweeper.sweep().await.next_due, Some(40 * SECOND));
    fixture.advance(40 * SECOND);
    assert_eq!(sweeper.sweep().await.next_due, Some(MINUTE));
    fixture.advance(MINUTE);
    assert_eq!(sweeper.sweep().await.next_due, None);
}

/// O39: a round is bounded, and says that there is more to do at once.
pub async fn many_due_jobs_are_promoted_in_bounded_rounds(fixture: StoreFixture) {
    fixture.enqueue(jobs(SWEEP_JOBS + 1).map(|job| job.due_in(SECOND))).await;
    fixture.advance(SECOND);
    let sweeper = fixture.worker().await;
    let first = sweeper.sweep().await;
    let rest = (SWEEP_JOBS + 1) as u64 - first.promoted;
    assert!((1..=SWEEP_JOBS as u64).contains(&first.promoted), "{first:?}");
    assert_eq!(first.next_due, Some(std::time::Duration::ZERO), "{rest} are due already");
    assert_eq!(sweeper.sweep().await.promoted, rest);
    fixture.check("available 1001").await;
}
