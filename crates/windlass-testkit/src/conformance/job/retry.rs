//! Retry: a person runs a job again, now, whatever it waits for or how it ended.

use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, Outcome, Retried, Settled, State};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{cancelled, complete, complete_with, die, retry};

/// O29, I-L4: an ended job becomes available; failures begin at zero, attempts and history go on.
pub async fn an_ended_job_runs_again(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let endings = [
        (die(), "available, attempt 1, history error", "completed, attempt 2, history error"),
        (
            cancelled(Outcome::Discarded),
            "available, attempt 1, history discarded",
            "completed, attempt 2, history discarded",
        ),
        (complete_with("1"), "available, attempt 1", "completed, attempt 2"),
    ];
    for (verdict, revived, ended) in endings {
        let id = fixture.enqueue_one(job()).await;
        worker.run_one(verdict).await;
        fixture.advance(MINUTE);
        assert_eq!(fixture.retry(id).await, Retried::Now);
        fixture.check_job(id, revived).await;
        let record = fixture.job(id).await;
        assert_eq!((record.run_at, record.finished_at), (fixture.moment(), None));
        worker.run_one(complete()).await;
        fixture.check_job(id, ended).await;
    }
    fixture.check("completed 3").await;
}

/// O29, E14, O1: a revived job has all that it was enqueued with.
pub async fn a_revived_job_has_all_it_was_enqueued_with(fixture: StoreFixture) {
    let (root, parent) = (JobId::new(), JobId::new());
    let mut new = job().priority(-7).max_attempts(9).args("[1]").timeout(MINUTE).done();
    (new.root, new.parent, new.origin) = (Some(root), Some(parent), Some("a test".to_owned()));
    new.meta.traceparent = Some("00-1-2-01".to_owned());
    fixture.try_enqueue(std::slice::from_ref(&new)).await.expect("it is accepted");
    let before = fixture.job(new.id).await;
    fixture.worker().await.run_one(die()).await;
    fixture.advance(MINUTE);
    fixture.retry(new.id).await;
    let after = fixture.job(new.id).await;
    assert_eq!((after.attempt, after.run_at), (1, fixture.moment()));
    let (attempt, run_at, history) = (after.attempt, after.run_at, after.history.clone());
    let expected = JobRecord { attempt, run_at, history, ..before };
    assert_eq!(format!("{after:?}"), format!("{expected:?}"));
}

/// O29: a job that was cancelled before it ever ran may run after all.
pub async fn a_job_cancelled_before_it_ran_runs_after_all(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().due_in(MINUTE)).await;
    fixture.cancel(id).await;
    assert_eq!(fixture.retry(id).await, Retried::Now);
    fixture.check_job(id, "available").await;
    fixture.worker().await.run_one(complete()).await;
    fixture.check("completed 1").await;
}

/// C13, O29: a job that was lost three times may be lost again without dying at once.
pub async fn a_revived_job_has_its_losses_forgiven(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    for _ in 0..3 {
        fixture.worker().await.claim(1).await;
        fixture.rescue().await;
        fixture.promote().await;
    }
    fixture.check("dead 1").await;
    fixture.retry(id).await;
    fixture.check_job(id, "available, attempt 3, history lost lost lost").await;
    fixture.worker().await.claim(1).await;
    fixture.rescue().await;
    let expected = "available, attempt 4, failures 1, losses 1, history lost lost lost lost";
    fixture.check_job(id, expected).await;
}

/// O29: a waiting job is hurried, with its failures at zero too.
pub async fn a_job_that_waits_for_its_time_is_hurried(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let retryable = fixture.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let scheduled = fixture.enqueue_one(job().due_in(MINUTE)).await;
    assert_eq!(fixture.retry(scheduled).await, Retried::Now);
    assert_eq!(fixture.retry(retryable).await, Retried::Now);
    fixture.check_job(scheduled, "available").await;
    fixture.check_job(retryable, "available, attempt 1, history error").await;
    for id in [scheduled, retryable] {
        assert_eq!(fixture.job(id).await.run_at, fixture.moment());
    }
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// A job that runs, is available or waits for a worker that knows it needs no retry.
pub async fn a_job_on_its_way_needs_no_retry(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let waiting = fixture.enqueue_one(job().kind("ghost")).await;
    fixture.tidy().await;
    let running = fixture.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    let available = fixture.enqueue_one(job()).await;
    let states = [State::Waiting, State::Running, State::Available];
    for (id, state) in [waiting, running, available].into_iter().zip(states) {
        assert_eq!(fixture.retry(id).await, Retried::Unneeded(state));
    }
    fixture.check("waiting 1, available 1, running 1").await;
    assert_eq!(worker.settle(&batch, 0, complete()).await, Settled::Done);
}

/// The answers are in the order of the ids, also for jobs that do not exist.
pub async fn answers_to_a_retry_come_in_the_order_of_the_ids(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    fixture.worker().await.run_one(die()).await;
    let asked = [ids[1], JobId::new(), ids[0]];
    let answers = fixture.store().retry(&asked, fixture.now()).await.expect("they reach the store");
    let unneeded = Retried::Unneeded(State::Available);
    assert_eq!(answers, [unneeded, Retried::Missing, Retried::Now]);
    assert_eq!(fixture.store().retry(&[], fixture.now()).await.expect("it reaches the store"), []);
}

/// E14: a retry is one change of the job itself: of several at the same moment one revives it.
pub async fn of_racing_retries_one_revives(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(20)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(20).await;
    worker.settle_all(&batch, &die()).await;
    let stores =
        [fixture.shared_store(), fixture.another_store().await, fixture.another_store().await];
    let asked = stores.iter().map(|store| store.retry(&ids, fixture.now()));
    let answers = futures_util::future::join_all(asked).await;
    let answers: Vec<_> = answers.into_iter().map(|one| one.expect("it is answered")).collect();
    for (nth, id) in ids.iter().enumerate() {
        let revived = answers.iter().filter(|answer| answer[nth] == Retried::Now).count();
        assert_eq!(revived, 1, "{id}: {answers:?}");
    }
    fixture.check("available 20").await;
    assert_eq!(worker.claim(40).await.jobs.len(), 20);
}

/// C3, I-L3: what settled the former life says nothing about the new one.
pub async fn a_settlement_of_a_former_life_is_refused(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    worker.settle(&batch, 0, die()).await;
    fixture.retry(id).await;
    assert_ne!(worker.settle(&batch, 0, complete()).await, Settled::Done);
    fixture.check_job(id, "available, attempt 1, history error").await;
}

/// X3: restarts change nothing about jobs that have ended.
pub async fn restarts_do_not_run_dead_jobs_again(fixture: StoreFixture) {
    fixture.enqueue(jobs(100)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(100).await;
    worker.settle_all(&batch, &die()).await;
    worker.leave().await;
    for _ in 0..10 {
        let worker = fixture.worker().await;
        worker.sweep().await;
        fixture.tidy().await;
        assert!(worker.claim(100).await.jobs.is_empty());
        worker.leave().await;
        fixture.advance(MINUTE);
    }
    fixture.check("dead 100").await;
}
