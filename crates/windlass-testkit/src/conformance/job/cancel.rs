//! Cancel: in every state that is not an end, racing safely with a start.

use windlass_core::id::JobId;
use windlass_core::job::{Batch, Cancelled, Outcome, Retried, Settled, State, Verdict};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{cancelled, complete, die, hand_back, retry, snooze};
use crate::worker::Worker;

/// X18: what has not started never will; the answer says so.
pub async fn a_job_that_has_not_started_is_cancelled_at_once(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let retryable = fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let scheduled = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let waiting = fixture.enqueue_one(job().kind("ghost")).await;
    fixture.tidy().await;
    let available = fixture.enqueue_one(job()).await;
    fixture.check("waiting 1, scheduled 1, available 1, retryable 1").await;
    for id in [waiting, scheduled, available] {
        assert_eq!(fixture.cancel(id).await, Cancelled::Now);
        fixture.check_job(id, "cancelled: not wanted").await;
        assert_eq!(fixture.job(id).await.finished_at, Some(fixture.moment()));
    }
    assert_eq!(fixture.cancel(retryable).await, Cancelled::Now);
    let expected = "cancelled, attempt 1, failures 1, history error: not wanted";
    fixture.check_job(retryable, expected).await;
    fixture.check("cancelled 4").await;
}

/// I-C1: after the cancel nothing brings the job to a worker.
pub async fn a_cancelled_job_is_never_claimed(fixture: StoreFixture) {
    let later = fixture.enqueue_one(job().due_in(MINUTE)).await;
    let now = fixture.enqueue_one(job()).await;
    fixture.cancel(later).await;
    fixture.cancel(now).await;
    fixture.advance(MINUTE);
    fixture.promote().await;
    fixture.tidy().await;
    assert!(fixture.worker().await.claim(9).await.jobs.is_empty());
}

/// X18, I-C3: a running job is asked to stop; it runs on until its worker settles.
pub async fn a_running_job_is_asked_to_stop(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    assert_eq!(fixture.cancel(id).await, Cancelled::Requested);
    assert_eq!(fixture.cancel(id).await, Cancelled::Requested);
    fixture.check_job(id, "running, attempt 1, cancel requested").await;
    let verdict = cancelled(Outcome::Cancelled);
    assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Done);
    fixture.check_job(id, "cancelled, attempt 1, history cancelled: nothing to do").await;
}

/// X18, I-C3: a job with a cancel request that would run again is cancelled instead, with the
/// reason of the cancel request; a failure is still told as one.
pub async fn a_job_asked_to_cancel_does_not_run_again(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let endings = [
        (retry(MINUTE), "cancelled, attempt 1, failures 1, history error: not wanted"),
        (snooze(MINUTE), "cancelled, attempt 1, history cancelled: not wanted"),
        (hand_back(), "cancelled, attempt 1, history cancelled: not wanted"),
    ];
    for (verdict, ending) in endings {
        let id = fixture.enqueue_one(job()).await;
        let batch = worker.claim(1).await;
        fixture.cancel(id).await;
        assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Done);
        fixture.check_job(id, ending).await;
    }
    fixture.check("cancelled 3").await;
}

/// X18: what was done is done, and what is dead is dead, cancel requested or not.
pub async fn a_job_asked_to_cancel_may_still_end_by_itself(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    fixture.cancel(ids[0]).await;
    fixture.cancel(ids[1]).await;
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, die()).await;
    fixture.check_job(ids[0], "completed, attempt 1").await;
    fixture.check_job(ids[1], "dead, attempt 1, failures 1, history error: beyond repair").await;
}

/// I-L4: an ended job stays as it is; the answer says how it ended.
pub async fn an_ended_job_is_not_cancelled(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(3)).await;
    let worker = fixture.worker().await;
    worker.run_one(complete()).await;
    worker.run_one(die()).await;
    fixture.cancel(ids[2]).await;
    for (id, state) in ids.into_iter().zip([State::Completed, State::Dead, State::Cancelled]) {
        assert_eq!(fixture.cancel(id).await, Cancelled::Ended(state));
    }
    fixture.check("completed 1, cancelled 1, dead 1").await;
}

/// The answers are in the order of the ids, also for jobs that do not exist.
pub async fn answers_to_a_cancel_come_in_the_order_of_the_ids(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    let second = fixture.enqueue_one(job()).await;
    let asked = [second, JobId::new(), first];
    let answers = fixture.store().cancel(&asked, "not wanted", fixture.now()).await;
    let expected = [Cancelled::Now, Cancelled::Missing, Cancelled::Requested];
    assert_eq!(answers.expect("they reach the store"), expected);
    let none = fixture.store().cancel(&[], "not wanted", fixture.now()).await;
    assert_eq!(none.expect("it reaches the store"), []);
}

/// S1: a job named twice in one call ends once.
pub async fn a_job_named_twice_is_cancelled_once(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let answers = fixture.store().cancel(&[id, id], "not wanted", fixture.now()).await;
    assert_eq!(answers.expect("they reach the store")[0], Cancelled::Now);
    fixture.check("cancelled 1").await;
    let answers = fixture.store().retry(&[id, id], fixture.now()).await;
    assert_eq!(answers.expect("they reach the store")[0], Retried::Now);
    fixture.check("available 1").await;
}

/// X18, I-C2: of a cancel and a claim at the same moment one wins, and the answer
/// says which.
pub async fn a_cancel_and_a_claim_do_not_both_win(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    for _ in 0..40 {
        let id = fixture.enqueue_one(job()).await;
        let (batch, answer) = tokio::join!(worker.claim(1), fixture.cancel(id));
        let expected = if batch.jobs.is_empty() { Cancelled::Now } else { Cancelled::Requested };
        assert_eq!(answer, expected, "{batch:?}");
        worker.settle_all(&batch, &retry(SECOND)).await;
    }
    fixture.check("cancelled 40").await;
}

/// X18, I-C3: a cancel of another process that meets the end of an attempt is not lost: whichever comes
/// first, the job does not run again.
pub async fn a_cancel_that_meets_the_end_of_an_attempt_is_not_lost(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let process = fixture.another_store().await;
    for _ in 0..40 {
        let id = fixture.enqueue_one(job()).await;
        let batch = worker.claim(1).await;
        let ids = [id];
        let (settled, answers) = tokio::join!(
            settled(&worker, &batch, retry(SECOND)),
            process.cancel(&ids, "not wanted", fixture.now())
        );
        assert_eq!(settled, Settled::Done);
        let answer = answers.expect("a cancel reaches the store")[0];
        assert!(matches!(answer, Cancelled::Now | Cancelled::Requested), "{answer:?}");
        assert_eq!(fixture.job(id).await.state, State::Cancelled, "after {answer:?}");
    }
    fixture.check("cancelled 40").await;
}

/// The answer once nobody else holds the lease.
async fn settled(worker: &Worker<'_>, batch: &Batch, verdict: Verdict) -> Settled {
    loop {
        match worker.settle(batch, 0, verdict.clone()).await {
            Settled::Busy => {}
            answer => return answer,
        }
    }
}

/// X18: a job that was completed although it was cancelled may be run again, as often as it
/// needs.
pub async fn a_completed_job_has_forgotten_its_cancel_request(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    fixture.cancel(id).await;
    worker.settle(&batch, 0, complete()).await;
    fixture.retry(id).await;
    let batch = worker.claim(1).await;
    fixture.check_job(id, "running, attempt 2").await;
    worker.settle(&batch, 0, retry(MINUTE)).await;
    fixture.check_job(id, "retryable in 60s, attempt 2, failures 1, history error").await;
}

/// X18: a job that ended and was revived is not cancelled any more.
pub async fn a_revived_job_has_forgotten_its_cancel_request(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    fixture.cancel(id).await;
    worker.settle(&batch, 0, retry(MINUTE)).await;
    fixture.retry(id).await;
    worker.run_one(retry(MINUTE)).await;
    fixture.check_job(id, "retryable in 60s, attempt 2, failures 1, history error error").await;
}

/// I-C3, I-L3: the end of a lost attempt does not take away what was asked of the next one.
pub async fn a_lost_end_leaves_the_next_attempts_cancel_request(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let stale = fixture.worker().await;
    let old = stale.claim(1).await;
    fixture.rescue().await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    fixture.cancel(id).await;
    for verdict in [complete(), die(), retry(MINUTE)] {
        assert_eq!(stale.settle(&old, 0, verdict).await, Settled::Lost);
    }
    let asked = "running, attempt 2, failures 1, losses 1, cancel requested, history lost";
    fixture.check_job(id, asked).await;
    worker.settle(&batch, 0, retry(MINUTE)).await;
    assert_eq!(fixture.job(id).await.state, State::Cancelled);
}

/// X18: a reason is free text; what no database can keep of it is replaced.
pub async fn a_reason_with_a_nul_is_kept_without_it(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let runs = fixture.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    let waits = fixture.enqueue_one(job()).await;
    let answers = fixture.store().cancel(&[runs, waits], "not\0wanted", fixture.now()).await;
    let expected = [Cancelled::Requested, Cancelled::Now];
    assert_eq!(answers.expect("they reach the store"), expected);
    worker.settle(&batch, 0, retry(MINUTE)).await;
    for id in [runs, waits] {
        assert_eq!(fixture.job(id).await.reason.as_deref(), Some("not\u{FFFD}wanted"));
    }
}
