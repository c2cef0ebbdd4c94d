//! Cancel: in every state that is not an end, racing safely with a start.

use windlass_core::id::JobId;
use windlass_core::state::{Outcome, State};
use windlass_core::store::{Cancelled, Retried, Settled};

use crate::bench::{Bench, MINUTE, SECOND};
use crate::draft::{job, jobs};
use crate::verdicts::{call_off, complete, die, hand_back, retry, snooze};

/// X18: what has not started never will; the answer says so.
pub async fn a_job_that_has_not_started_is_cancelled_at_once(bench: Bench) {
    let worker = bench.worker().await;
    let retryable = bench.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let scheduled = bench.enqueue_one(job().due_in(MINUTE)).await;
    let waiting = bench.enqueue_one(job().kind("ghost")).await;
    bench.tidy().await;
    let available = bench.enqueue_one(job()).await;
    bench.check("waiting 1, scheduled 1, available 1, retryable 1").await;
    for id in [waiting, scheduled, available] {
        assert_eq!(bench.cancel(id).await, Cancelled::Now);
        bench.check_job(id, "cancelled: not wanted").await;
        assert_eq!(bench.job(id).await.finished_at, Some(bench.moment()));
    }
    assert_eq!(bench.cancel(retryable).await, Cancelled::Now);
    let expected = "cancelled, attempt 1, failures 1, history error: not wanted";
    bench.check_job(retryable, expected).await;
    bench.check("cancelled 4").await;
}

/// C1 of RELIABILITY: after the cancel nothing brings the job to a worker.
pub async fn a_cancelled_job_is_never_claimed(bench: Bench) {
    let later = bench.enqueue_one(job().due_in(MINUTE)).await;
    let now = bench.enqueue_one(job()).await;
    bench.cancel(later).await;
    bench.cancel(now).await;
    bench.advance(MINUTE);
    bench.promote().await;
    bench.tidy().await;
    assert!(bench.worker().await.claim(9).await.jobs.is_empty());
}

/// X18, C3 of RELIABILITY: a running job is asked to stop; it runs on until its worker settles.
pub async fn a_running_job_is_asked_to_stop(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    assert_eq!(bench.cancel(id).await, Cancelled::Requested);
    assert_eq!(bench.cancel(id).await, Cancelled::Requested);
    bench.check_job(id, "running, attempt 1, called off").await;
    let verdict = call_off(Outcome::Cancelled);
    assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Done);
    bench.check_job(id, "cancelled, attempt 1, history cancelled: nothing to do").await;
}

/// X18, C3 of RELIABILITY: a called-off job that would run again is cancelled instead, with the
/// reason of whoever called it off; a failure is still told as one.
pub async fn a_called_off_job_does_not_run_again(bench: Bench) {
    let worker = bench.worker().await;
    let endings = [
        (retry(MINUTE), "cancelled, attempt 1, failures 1, history error: not wanted"),
        (snooze(MINUTE), "cancelled, attempt 1, history cancelled: not wanted"),
        (hand_back(), "cancelled, attempt 1, history cancelled: not wanted"),
    ];
    for (verdict, ending) in endings {
        let id = bench.enqueue_one(job()).await;
        let batch = worker.claim(1).await;
        bench.cancel(id).await;
        assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Done);
        bench.check_job(id, ending).await;
    }
    bench.check("cancelled 3").await;
}

/// X18: what was done is done, and what is dead is dead, called off or not.
pub async fn a_called_off_job_may_still_end_by_itself(bench: Bench) {
    let ids = bench.enqueue(jobs(2)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(2).await;
    bench.cancel(ids[0]).await;
    bench.cancel(ids[1]).await;
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, die()).await;
    bench.check_job(ids[0], "completed, attempt 1").await;
    bench.check_job(ids[1], "dead, attempt 1, failures 1, history error: beyond repair").await;
}

/// L4: an ended job stays as it is; the answer says how it ended.
pub async fn an_ended_job_is_not_cancelled(bench: Bench) {
    let ids = bench.enqueue(jobs(3)).await;
    let worker = bench.worker().await;
    worker.run_one(complete()).await;
    worker.run_one(die()).await;
    bench.cancel(ids[2]).await;
    for (id, state) in ids.into_iter().zip([State::Completed, State::Dead, State::Cancelled]) {
        assert_eq!(bench.cancel(id).await, Cancelled::Ended(state));
    }
    bench.check("completed 1, cancelled 1, dead 1").await;
}

/// The answers are in the order of the ids, also for jobs that do not exist.
pub async fn answers_to_a_cancel_come_in_the_order_of_the_ids(bench: Bench) {
    let first = bench.enqueue_one(job()).await;
    bench.worker().await.claim(1).await;
    let second = bench.enqueue_one(job()).await;
    let asked = [second, JobId::new(), first];
    let answers = bench.store().cancel(&asked, "not wanted", bench.now()).await;
    let expected = [Cancelled::Now, Cancelled::Missing, Cancelled::Requested];
    assert_eq!(answers.expect("they reach the store"), expected);
    let none = bench.store().cancel(&[], "not wanted", bench.now()).await;
    assert_eq!(none.expect("it reaches the store"), []);
}

/// S1: a job named twice in one call ends once.
pub async fn a_job_named_twice_is_cancelled_once(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let answers = bench.store().cancel(&[id, id], "not wanted", bench.now()).await;
    assert_eq!(answers.expect("they reach the store")[0], Cancelled::Now);
    bench.check("cancelled 1").await;
    let answers = bench.store().retry(&[id, id], bench.now()).await;
    assert_eq!(answers.expect("they reach the store")[0], Retried::Now);
    bench.check("available 1").await;
}

/// X18, C2 of RELIABILITY: of a cancel and a claim at the same moment one wins, and the answer
/// says which.
pub async fn a_cancel_and_a_claim_do_not_both_win(bench: Bench) {
    let worker = bench.worker().await;
    for _ in 0..40 {
        let id = bench.enqueue_one(job()).await;
        let (batch, answer) = tokio::join!(worker.claim(1), bench.cancel(id));
        let expected = if batch.jobs.is_empty() { Cancelled::Now } else { Cancelled::Requested };
        assert_eq!(answer, expected, "{batch:?}");
        worker.settle_all(&batch, &retry(SECOND)).await;
    }
    bench.check("cancelled 40").await;
}

/// X18, C3 of RELIABILITY: a cancel that meets the end of an attempt is not lost: whichever comes
/// first, the job does not run again.
pub async fn a_cancel_that_meets_the_end_of_an_attempt_is_not_lost(bench: Bench) {
    let worker = bench.worker().await;
    for _ in 0..40 {
        let id = bench.enqueue_one(job()).await;
        let batch = worker.claim(1).await;
        let (settled, answer) =
            tokio::join!(worker.settle(&batch, 0, retry(SECOND)), bench.cancel(id));
        assert_eq!(settled, Settled::Done);
        assert!(matches!(answer, Cancelled::Now | Cancelled::Requested), "{answer:?}");
        assert_eq!(bench.job(id).await.state, State::Cancelled, "after {answer:?}");
    }
    bench.check("cancelled 40").await;
}

/// X18: a job that was completed although it was called off may be run again, as often as it
/// needs.
pub async fn a_completed_job_has_forgotten_that_it_was_called_off(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    bench.cancel(id).await;
    worker.settle(&batch, 0, complete()).await;
    bench.retry(id).await;
    let batch = worker.claim(1).await;
    bench.check_job(id, "running, attempt 2").await;
    worker.settle(&batch, 0, retry(MINUTE)).await;
    bench.check_job(id, "retryable in 60s, attempt 2, failures 1, history error").await;
}

/// X18: a job that ended and was revived is not called off any more.
pub async fn a_revived_job_has_forgotten_that_it_was_called_off(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    bench.cancel(id).await;
    worker.settle(&batch, 0, retry(MINUTE)).await;
    bench.retry(id).await;
    worker.run_one(retry(MINUTE)).await;
    bench.check_job(id, "retryable in 60s, attempt 2, failures 1, history error error").await;
}
