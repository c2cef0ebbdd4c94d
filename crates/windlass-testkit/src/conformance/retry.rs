//! Retry: a person runs a job again, now, whatever it waits for or how it ended.

use windlass_core::id::JobId;
use windlass_core::state::{Outcome, State};
use windlass_core::store::{Retried, Settled};

use crate::bench::{Bench, MINUTE};
use crate::draft::{job, jobs};
use crate::verdicts::{call_off, complete, complete_with, die, retry};

/// O29, L4: an ended job becomes available; failures begin at zero, attempts and history go on.
pub async fn an_ended_job_runs_again(bench: Bench) {
    let worker = bench.worker().await;
    let endings = [
        (die(), "available, attempt 1, history error", "completed, attempt 2, history error"),
        (
            call_off(Outcome::Discarded),
            "available, attempt 1, history discarded",
            "completed, attempt 2, history discarded",
        ),
        (complete_with("1"), "available, attempt 1", "completed, attempt 2"),
    ];
    for (verdict, revived, ended) in endings {
        let id = bench.enqueue_one(job()).await;
        worker.run_one(verdict).await;
        bench.advance(MINUTE);
        assert_eq!(bench.retry(id).await, Retried::Now);
        bench.check_job(id, revived).await;
        let record = bench.job(id).await;
        assert_eq!((record.run_at, record.finished_at), (bench.moment(), None));
        worker.run_one(complete()).await;
        bench.check_job(id, ended).await;
    }
    bench.check("completed 3").await;
}

/// O29: a job that was cancelled before it ever ran may run after all.
pub async fn a_job_cancelled_before_it_ran_runs_after_all(bench: Bench) {
    let id = bench.enqueue_one(job().due_in(MINUTE)).await;
    bench.cancel(id).await;
    assert_eq!(bench.retry(id).await, Retried::Now);
    bench.check_job(id, "available").await;
    bench.worker().await.run_one(complete()).await;
    bench.check("completed 1").await;
}

/// C13, O29: a job that was lost three times may be lost again without dying at once.
pub async fn a_revived_job_has_its_losses_forgiven(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    for _ in 0..3 {
        bench.worker().await.claim(1).await;
        bench.rescue().await;
        bench.promote().await;
    }
    bench.check("dead 1").await;
    bench.retry(id).await;
    bench.check_job(id, "available, attempt 3, history lost lost lost").await;
    bench.worker().await.claim(1).await;
    bench.rescue().await;
    let expected = "available, attempt 4, failures 1, losses 1, history lost lost lost lost";
    bench.check_job(id, expected).await;
}

/// O29: a waiting job is hurried, with its failures at zero too.
pub async fn a_job_that_waits_for_its_time_is_hurried(bench: Bench) {
    let worker = bench.worker().await;
    let retryable = bench.enqueue_one(job()).await;
    worker.run_one(retry(MINUTE)).await;
    let scheduled = bench.enqueue_one(job().due_in(MINUTE)).await;
    assert_eq!(bench.retry(scheduled).await, Retried::Now);
    assert_eq!(bench.retry(retryable).await, Retried::Now);
    bench.check_job(scheduled, "available").await;
    bench.check_job(retryable, "available, attempt 1, history error").await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// A job that runs, is available or waits for a worker that knows it needs no retry.
pub async fn a_job_on_its_way_needs_no_retry(bench: Bench) {
    let worker = bench.worker().await;
    let waiting = bench.enqueue_one(job().kind("ghost")).await;
    bench.tidy().await;
    let running = bench.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    let available = bench.enqueue_one(job()).await;
    let states = [State::Waiting, State::Running, State::Available];
    for (id, state) in [waiting, running, available].into_iter().zip(states) {
        assert_eq!(bench.retry(id).await, Retried::Unneeded(state));
    }
    bench.check("waiting 1, available 1, running 1").await;
    assert_eq!(worker.settle(&batch, 0, complete()).await, Settled::Done);
}

/// The answers are in the order of the ids, also for jobs that do not exist.
pub async fn answers_to_a_retry_come_in_the_order_of_the_ids(bench: Bench) {
    let ids = bench.enqueue(jobs(2)).await;
    bench.worker().await.run_one(die()).await;
    let asked = [ids[1], JobId::new(), ids[0]];
    let answers = bench.store().retry(&asked, bench.now()).await.expect("they reach the store");
    let unneeded = Retried::Unneeded(State::Available);
    assert_eq!(answers, [unneeded, Retried::Missing, Retried::Now]);
    assert_eq!(bench.store().retry(&[], bench.now()).await.expect("it reaches the store"), []);
}

/// C3, L3: what settled the former life says nothing about the new one.
pub async fn a_settlement_of_a_former_life_is_refused(bench: Bench) {
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    let batch = worker.claim(1).await;
    worker.settle(&batch, 0, die()).await;
    bench.retry(id).await;
    assert_ne!(worker.settle(&batch, 0, complete()).await, Settled::Done);
    bench.check_job(id, "available, attempt 1, history error").await;
}

/// X3: restarts change nothing about jobs that have ended.
pub async fn restarts_do_not_run_dead_jobs_again(bench: Bench) {
    bench.enqueue(jobs(100)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(100).await;
    worker.settle_all(&batch, &die()).await;
    worker.leave().await;
    for _ in 0..10 {
        let worker = bench.worker().await;
        worker.sweep().await;
        bench.tidy().await;
        assert!(worker.claim(100).await.jobs.is_empty());
        worker.leave().await;
        bench.advance(MINUTE);
    }
    bench.check("dead 100").await;
}
