//! Settle: how an attempt ends, written once, only where its lease still holds.

use std::time::Duration;

use windlass_core::id::LeaseId;
use windlass_core::job::{Cancelled, Outcome, Settled, State, Verdict};
use windlass_core::limits::HISTORY_ENTRIES;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{
    cancelled, complete, complete_with, die, die_of, hand_back, hand_back_for, retry, retry_after,
    snooze,
};
use crate::worker::{RAN, settlement};

/// Every verdict that the store can be given, with what it makes of a job at its first attempt.
fn endings() -> Vec<(Verdict, &'static str)> {
    vec![
        (complete(), "completed, attempt 1"),
        (complete_with("[1]"), "completed, attempt 1, output [1]"),
        (retry(MINUTE), "retryable in 60s, attempt 1, failures 1, history error"),
        (
            retry_after(Outcome::Timeout, MINUTE),
            "retryable in 60s, attempt 1, failures 1, history timeout",
        ),
        (
            retry_after(Outcome::Panic, MINUTE),
            "retryable in 60s, attempt 1, failures 1, history panic",
        ),
        // The handler is gone, its worker is not: a failure, and no loss.
        (
            retry_after(Outcome::Lost, MINUTE),
            "retryable in 60s, attempt 1, failures 1, history lost",
        ),
        (
            retry_after(Outcome::Lost, Duration::ZERO),
            "retryable in 0ns, attempt 1, failures 1, history lost",
        ),
        (die(), "dead, attempt 1, failures 1, history error: beyond repair"),
        (die_of(Outcome::Lost), "dead, attempt 1, failures 1, history lost: beyond repair"),
        (cancelled(Outcome::Cancelled), "cancelled, attempt 1, history cancelled: nothing to do"),
        (cancelled(Outcome::Discarded), "cancelled, attempt 1, history discarded: nothing to do"),
        (cancelled(Outcome::Expired), "cancelled, attempt 1, history expired: nothing to do"),
        (snooze(MINUTE), "scheduled in 60s, attempt 1, history snoozed"),
        (hand_back_for(MINUTE), "scheduled in 60s, attempt 1, history released"),
        (hand_back(), "available, attempt 1, history released"),
    ]
}

/// C5, O3, O6: state, numbers, history and reason are written in one step by each verdict.
pub async fn each_verdict_has_its_own_ending(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let mut settled = Vec::new();
    for (verdict, ending) in endings() {
        // Alone on the queue, so that the claim takes no job of a former round.
        let id = fixture.enqueue_one(job().priority(-1)).await;
        worker.run_one(verdict).await;
        fixture.check_job(id, ending).await;
        settled.push(id);
    }
    worker.check_leases(&[]).await;
    fixture.check("scheduled 2, available 1, retryable 5, completed 2, cancelled 3, dead 2").await;
}

/// X1: nine reasons for an end stay nine different ones, and only four of them are failures.
pub async fn nine_outcomes_are_told_apart_and_four_are_failures(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    fixture.rescue().await;
    for outcome in [Outcome::Error, Outcome::Timeout, Outcome::Panic] {
        fixture.worker().await.run_one(retry_after(outcome, SECOND)).await;
        fixture.promote().await;
    }
    fixture
        .check_job(
            id,
            "available, attempt 4, failures 4, losses 1, history lost error timeout panic",
        )
        .await;
    let worker = fixture.worker().await;
    worker.run_one(snooze(SECOND)).await;
    fixture.promote().await;
    worker.run_one(hand_back()).await;
    for outcome in [Outcome::Cancelled, Outcome::Expired, Outcome::Discarded] {
        worker.run_one(cancelled(outcome)).await;
        fixture.check("cancelled 1").await;
        fixture.retry(id).await;
    }
    fixture
        .check_job(
            id,
            "available, attempt 9, history lost error timeout panic snoozed released cancelled \
         expired discarded",
        )
        .await;
}

/// S5: an attempt is kept with its number, worker, times and error.
pub async fn an_attempt_is_kept_with_its_worker_times_and_error(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    fixture.advance(MINUTE);
    worker.settle(&batch, 0, retry(SECOND)).await;
    let history = fixture.job(id).await.history;
    let past = &history[0];
    assert_eq!((past.attempt, past.outcome), (1, Outcome::Error));
    assert_eq!((past.worker.as_str(), past.error.as_deref()), (worker.label(), Some("it broke")));
    assert_eq!(past.ended_at, Some(fixture.moment()));
    assert_eq!(past.started_at.map(|start| start.after(RAN)), Some(fixture.moment()));
}

/// S5: a finished job says when its last attempt started, when it ended and who had it.
pub async fn a_finished_job_says_when_and_by_whom(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    fixture.advance(MINUTE);
    worker.run_one(complete()).await;
    let record = fixture.job(id).await;
    assert_eq!(record.finished_at, Some(fixture.moment()));
    assert_eq!(record.started_at.map(|start| start.after(RAN)), Some(fixture.moment()));
    assert_eq!(record.worker.as_deref(), Some(worker.label()));
}

/// I-X2: a settlement sent again after a lost answer is known as already written,
/// and changes nothing, whatever it said.
pub async fn a_settlement_sent_twice_is_already_written(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    for (verdict, ending) in endings() {
        let id = fixture.enqueue_one(job().priority(-1)).await;
        let batch = worker.claim(1).await;
        assert_eq!(worker.settle(&batch, 0, verdict.clone()).await, Settled::Done);
        assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Already, "{ending}");
        fixture.check_job(id, ending).await;
    }
}

/// I-X2: also where the job, which was to run again, was cancelled or has expired since.
pub async fn a_settlement_of_a_job_that_ended_since_is_already_written(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    for expires in [true, false] {
        let draft = if expires { job().expires_in(MINUTE) } else { job() };
        let id = fixture.enqueue_one(draft).await;
        let batch = worker.claim(1).await;
        assert_eq!(worker.settle(&batch, 0, retry(60 * MINUTE)).await, Settled::Done);
        match expires {
            true => {
                fixture.advance(MINUTE);
                worker.sweep().await;
            }
            false => assert_eq!(fixture.cancel(id).await, Cancelled::Now),
        }
        assert_eq!(fixture.job(id).await.state, State::Cancelled);
        assert_eq!(worker.settle(&batch, 0, retry(60 * MINUTE)).await, Settled::Already);
    }
}

/// T58, I-L3: another process may settle in a worker's name, and the worker finds that it is written.
pub async fn another_process_settles_in_a_workers_name(fixture: StoreFixture) {
    let (worker, process) = (fixture.worker().await, fixture.another_store().await);
    for (verdict, ending) in endings() {
        let id = fixture.enqueue_one(job().priority(-1)).await;
        let batch = worker.claim(1).await;
        let settled = [settlement(&batch, 0, verdict.clone())];
        for expected in [Settled::Done, Settled::Already] {
            let answer = process.settle(worker.id(), &settled, fixture.now()).await;
            assert_eq!(answer.expect("it reaches the store"), [expected], "{ending}");
        }
        assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Already, "{ending}");
        fixture.check_job(id, ending).await;
        let record = fixture.job(id).await;
        let by = record.history.last().map(|past| past.worker.clone()).or(record.worker);
        assert_eq!(by.as_deref(), Some(worker.label()), "{ending}");
    }
}

/// I-X2: also within one call.
pub async fn a_settlement_twice_in_one_call_is_written_once(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    let once = settlement(&batch, 0, retry(MINUTE));
    let answers = worker.send(&[once.clone(), once]).await;
    assert_eq!(answers, [Settled::Done, Settled::Already]);
    fixture.check_job(id, "retryable in 60s, attempt 1, failures 1, history error").await;
    worker.check_leases(&[&batch]).await;
}

/// I-X2: sent again while the first is still under way, it is written once.
pub async fn of_racing_settlements_of_one_attempt_one_is_written(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    for _ in 0..30 {
        let id = fixture.enqueue_one(job().priority(-1)).await;
        let batch = worker.claim(1).await;
        let again = || worker.settle(&batch, 0, retry(MINUTE));
        let answers = <[Settled; 3]>::from(tokio::join!(again(), again(), again()));
        let done = answers.iter().filter(|answer| **answer == Settled::Done).count();
        assert!(done == 1 && !answers.contains(&Settled::Lost), "{answers:?}");
        fixture.check_job(id, "retryable in 60s, attempt 1, failures 1, history error").await;
    }
}

/// C2, C3, I-L3: whatever a worker says about a job it has lost is refused and changes nothing.
pub async fn nothing_is_written_after_the_lease_was_lost(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let stale = fixture.worker().await;
    let batch = stale.claim(1).await;
    fixture.rescue().await;
    for (verdict, _) in endings() {
        assert_eq!(stale.settle(&batch, 0, verdict).await, Settled::Lost);
    }
    fixture.check_job(id, "available, attempt 1, failures 1, losses 1, history lost").await;
    fixture.check("available 1").await;
}

/// C3, I-L3, I-L7: a stale end does not touch the attempt of the worker that has the job now, and
/// does not hinder its end.
pub async fn a_stale_settlement_does_not_touch_the_next_attempt(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let stale = fixture.worker().await;
    let old = stale.claim(1).await;
    fixture.rescue().await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    assert_eq!(stale.settle(&old, 0, complete_with("1")).await, Settled::Lost);
    fixture.check_job(id, "running, attempt 2, failures 1, losses 1, history lost").await;
    assert_eq!(worker.settle(&batch, 0, complete_with("2")).await, Settled::Done);
    assert_eq!(stale.settle(&old, 0, complete_with("1")).await, Settled::Lost);
    fixture
        .check_job(id, "completed, attempt 2, failures 1, losses 1, history lost, output 2")
        .await;
}

/// I-X2: whether an end is written is a question of its own attempt, not of the one before.
pub async fn a_completion_sent_again_after_an_earlier_loss_is_already_written(
    fixture: StoreFixture,
) {
    fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    fixture.rescue().await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    assert_eq!(worker.settle(&batch, 0, complete_with("2")).await, Settled::Done);
    assert_eq!(worker.settle(&batch, 0, complete_with("2")).await, Settled::Already);
}

/// C3, I-L3: a job that died of the loss was not settled by the worker that lost it, though it
/// was the last to have it.
pub async fn the_loser_of_a_dead_job_has_lost_it(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_attempts(1)).await;
    let stale = fixture.worker().await;
    let batch = stale.claim(1).await;
    fixture.rescue().await;
    fixture.check("dead 1").await;
    assert_eq!(stale.settle(&batch, 0, complete()).await, Settled::Lost);
    assert_eq!(fixture.job(id).await.losses, 1);
    fixture.check("dead 1").await;
}

/// C3, I-L3: the same for a job that was cancelled before its worker died.
pub async fn the_loser_of_a_cancelled_job_has_lost_it(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let stale = fixture.worker().await;
    let batch = stale.claim(1).await;
    fixture.cancel(id).await;
    fixture.rescue().await;
    fixture.check("cancelled 1").await;
    assert_eq!(stale.settle(&batch, 0, complete()).await, Settled::Lost);
    fixture.check("cancelled 1").await;
}

/// I-L3: the lease is the fence; knowing the job is not enough.
pub async fn a_settlement_under_an_unknown_lease_is_lost(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let mut batch = worker.claim(1).await;
    batch.lease = LeaseId::new();
    for (verdict, _) in endings() {
        assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Lost);
    }
    fixture.check_job(id, "running, attempt 1").await;
}

/// I-D2: a batch may be settled bit by bit; its lease goes with the last job.
pub async fn a_batch_is_settled_bit_by_bit(fixture: StoreFixture) {
    fixture.enqueue(jobs(4)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(4).await;
    assert_eq!(worker.settle(&batch, 2, complete()).await, Settled::Done);
    let two = [settlement(&batch, 0, retry(MINUTE)), settlement(&batch, 3, die())];
    assert_eq!(worker.send(&two).await, [Settled::Done, Settled::Done]);
    fixture.check("retryable 1, running 1, completed 1, dead 1").await;
    worker.check_leases(&[&batch]).await;
    assert_eq!(worker.settle(&batch, 1, complete()).await, Settled::Done);
    fixture.check("retryable 1, completed 2, dead 1").await;
    worker.check_leases(&[]).await;
}

/// C3, I-L3: what starts first need not have been written first; what is settled of a lease is the
/// job that was meant.
pub async fn a_lease_knows_its_jobs_in_whatever_order_they_start(fixture: StoreFixture) {
    let ids = fixture.enqueue((0..3).map(|nth| job().priority(-nth))).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(3).await;
    assert!(batch.jobs.iter().map(|job| job.id).eq(ids.iter().rev().copied()), "by priority");
    assert_eq!(worker.settle(&batch, 0, complete()).await, Settled::Done);
    assert_eq!(fixture.rescue().await.rescued, 2);
    fixture.check_job(ids[2], "completed, attempt 1").await;
    for id in &ids[..2] {
        fixture.check_job(*id, "available, attempt 1, failures 1, losses 1, history lost").await;
    }
}

/// C5, O3: jobs that differ in what they brought are settled in one call, some alike and apart from
/// each other, and each keeps its own.
pub async fn jobs_settled_together_keep_what_each_brought(fixture: StoreFixture) {
    let drafts = [
        job().priority(1).args("1").max_attempts(3),
        job().priority(2).args("2").timeout(MINUTE),
        job().priority(1).args("3").max_attempts(3),
        job().priority(3).args("4"),
    ];
    let ids = fixture.enqueue(drafts).await;
    let failed = fixture.enqueue_one(job().priority(-1).args("5")).await;
    let worker = fixture.worker().await;
    worker.run_one(retry(SECOND)).await;
    fixture.promote().await;
    let batch = worker.claim(5).await;
    let mut before = Vec::new();
    for id in ids.iter().chain([&failed]) {
        before.push(fixture.job(*id).await);
    }
    let settled = [3, 0, 4].map(|nth| settlement(&batch, nth, complete()));
    let dead = [2, 1].map(|nth| settlement(&batch, nth, die()));
    let answers = worker.send(&[&settled[..], &dead[..]].concat()).await;
    assert_eq!(answers, [Settled::Done; 5]);
    for was in before {
        let is = fixture.job(was.id).await;
        assert_eq!(
            (&is.queue, &is.kind, is.priority, is.max_attempts, is.attempt, is.args.as_str()),
            (&was.queue, &was.kind, was.priority, was.max_attempts, was.attempt, was.args.as_str())
        );
        assert_eq!((is.meta, is.run_at, is.created_at), (was.meta, was.run_at, was.created_at));
        assert!(is.history.starts_with(&was.history), "{:?}", is.history);
        assert_eq!(is.finished_at, Some(fixture.moment()));
    }
}

/// C3: answers come in the order of the settlements, and a lost one does not spoil the others.
pub async fn one_call_settles_several_batches_and_tells_which_were_lost(fixture: StoreFixture) {
    fixture.enqueue(jobs(4)).await;
    let worker = fixture.worker().await;
    let (first, second) = (worker.claim(2).await, worker.claim(2).await);
    let mut foreign = settlement(&second, 1, complete());
    foreign.lease = LeaseId::new();
    let mixed = [
        settlement(&first, 1, complete()),
        foreign,
        settlement(&second, 0, complete()),
        settlement(&first, 0, complete()),
    ];
    let done = Settled::Done;
    assert_eq!(worker.send(&mixed).await, [done, Settled::Lost, done, done]);
    fixture.check("running 1, completed 3").await;
    worker.check_leases(&[&second]).await;
}

/// A batch of none changes nothing.
pub async fn no_settlements_have_no_answers(fixture: StoreFixture) {
    assert_eq!(fixture.worker().await.send(&[]).await, []);
    fixture.check("nothing").await;
}

/// O39: history is bounded; the newest attempts stay, and their numbers tell of the older ones.
pub async fn history_keeps_the_newest_attempts(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let attempts = HISTORY_ENTRIES + 3;
    for _ in 0..attempts {
        worker.run_one(hand_back()).await;
    }
    let kept: Vec<usize> =
        fixture.job(id).await.history.iter().map(|past| past.attempt as usize).collect();
    assert!(kept.iter().copied().eq(attempts - HISTORY_ENTRIES + 1..=attempts), "kept {kept:?}");
    worker.run_one(die()).await;
    let history = fixture.job(id).await.history;
    assert_eq!(history.len(), HISTORY_ENTRIES);
    assert_eq!(history.last().map(|past| past.outcome), Some(Outcome::Error));
}
