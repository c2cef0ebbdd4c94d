//! Confirm: the handler finished the job in a transaction of its own, or it did not.
use windlass_core::job::Settled;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete_with, confirm_or, die, retry};
use crate::worker::settlement;

/// I-X1: where the handler's transaction did not commit, the other verdict holds.
pub async fn an_unfinished_job_takes_the_other_verdict(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    let both = [
        settlement(&batch, 0, confirm_or(retry(MINUTE))),
        settlement(&batch, 1, confirm_or(die())),
    ];
    assert_eq!(worker.send(&both).await, [Settled::Done, Settled::Done]);
    fixture.check_job(ids[0], "retryable in 60s, attempt 1, failures 1, history error").await;
    fixture.check_job(ids[1], "dead, attempt 1, failures 1, history error: beyond repair").await;
    worker.check_leases(&[]).await;
}

/// I-X1, I-X2: where it did, the job is done, and the other verdict is not heard.
pub async fn a_finished_job_is_left_as_it_is(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    worker.settle(&batch, 0, complete_with("7")).await;
    let both = [
        settlement(&batch, 0, confirm_or(die())),
        settlement(&batch, 1, confirm_or(retry(MINUTE))),
    ];
    assert_eq!(worker.send(&both).await, [Settled::Already, Settled::Done]);
    fixture.check_job(ids[0], "completed, attempt 1, output 7").await;
    fixture.check("retryable 1, completed 1").await;
}

/// C3, I-L3: a job that was given to another is neither confirmed nor changed.
pub async fn a_lost_job_is_neither_confirmed_nor_changed(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let stale = fixture.worker().await;
    let old = stale.claim(1).await;
    fixture.rescue().await;
    assert_eq!(stale.settle(&old, 0, confirm_or(die())).await, Settled::Lost);
    fixture.worker().await.run_one(complete_with("2")).await;
    assert_eq!(stale.settle(&old, 0, confirm_or(die())).await, Settled::Lost);
    fixture
        .check_job(id, "completed, attempt 2, failures 1, losses 1, history lost, output 2")
        .await;
}
