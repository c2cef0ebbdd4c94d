//! How batches end.

use windlass_core::batch::BatchState;
use windlass_core::condition::Ends;
use windlass_core::job::{Outcome, Settled, State};

use super::{after, record, started};
use crate::draft::{Draft, job, jobs};
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::{cancelled, complete, die, retry};
use crate::worker::{job_ids, settlement, worker};

/// B, X15, O36: the job that waits for a batch is available with the settlement of its last one, and no sooner.
pub async fn a_batch_ends_with_its_last_job(fixture: StoreFixture) {
    let written = started(&fixture, jobs(700).collect()).await;
    let worker = fixture.worker().await;
    let mut left = 700;
    while left > 0 {
        fixture.check_job(written.then, "waiting").await;
        let batch = worker.claim(300).await;
        left -= batch.jobs.len();
        let answers = worker.settle_all(&batch, &complete()).await;
        assert!(answers.iter().all(|answer| *answer == Settled::Done));
    }
    fixture.check_job(written.then, "available").await;
    let batch = record(&fixture, written.batch).await;
    assert_eq!((batch.state, batch.jobs.completed), (BatchState::Completed, 700));
    assert!(batch.ended_at.is_some());
}

/// O11, X15: finished with failures is an end too, and told apart from completed.
pub async fn a_batch_with_failures_has_ended_too(fixture: StoreFixture) {
    let written = started(&fixture, jobs(3).collect()).await;
    let [completed, failed] = [Ends::COMPLETED, Ends::DEAD].map(|ends| after(written.batch, ends));
    let [completed, failed] =
        [fixture.enqueue_one(completed).await, fixture.enqueue_one(failed).await];
    let worker = fixture.worker().await;
    let batch = worker.claim(3).await;
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, retry(SECOND)).await;
    worker.settle(&batch, 2, die()).await;
    fixture.check_job(written.then, "waiting").await;
    fixture.advance(SECOND);
    fixture.promote().await;
    worker.run_one(complete()).await;
    for (id, state) in [(written.then, "available"), (failed, "available"), (completed, "waiting")]
    {
        fixture.check_job(id, state).await;
    }
    let batch = record(&fixture, written.batch).await;
    assert_eq!(batch.state, BatchState::Failed);
    assert_eq!((batch.jobs.completed, batch.jobs.dead, batch.jobs.open), (2, 1, 0));
}

/// O11, X15: who waits for all to be completed runs after the retries, and who ran at the end does not run again.
pub async fn a_retry_that_completes_the_last_job_completes_the_batch(fixture: StoreFixture) {
    let written = started(&fixture, jobs(2).collect()).await;
    let completed = fixture.enqueue_one(after(written.batch, Ends::COMPLETED)).await;
    let worker = fixture.start(worker().serving(&["default", "then"])).await;
    let batch = worker.claim(2).await;
    worker.settle(&batch, 0, die()).await;
    worker.settle(&batch, 1, complete()).await;
    let dead = batch.jobs[0].id;
    let then = worker.claim(9).await;
    assert_eq!(job_ids(&then), [written.then]);
    worker.settle_all(&then, &complete()).await;
    fixture.retry(dead).await;
    let batch = record(&fixture, written.batch).await;
    assert_eq!((batch.state, batch.jobs.open), (BatchState::Running, 1));
    fixture.check_job(completed, "waiting").await;
    worker.run_one(complete()).await;
    assert_eq!(record(&fixture, written.batch).await.state, BatchState::Completed);
    let last = worker.claim(9).await;
    assert_eq!(job_ids(&last), [completed], "and not the one that ran at its end");
}

/// B, O11: cancelled by its handler and by a person, dead, expired, lost too often: each is an end in its batch.
pub async fn however_a_job_ends_it_ends_in_its_batch(fixture: StoreFixture) {
    let mut drafts: Vec<Draft> = jobs(3).collect();
    drafts.push(job().queue("nowhere"));
    drafts.push(job().queue("nowhere").expires_in(SECOND));
    drafts.push(job().max_losses(1).priority(9));
    let written = started(&fixture, drafts).await;
    let worker = fixture.start(worker().losing("work", 1)).await;
    for verdict in [complete(), die(), cancelled(Outcome::Cancelled)] {
        worker.run_one(verdict).await;
    }
    fixture.cancel(written.jobs[3]).await;
    fixture.advance(2 * SECOND);
    worker.sweep().await;
    assert_eq!(job_ids(&worker.claim(9).await), [written.jobs[5]]);
    fixture.check_job(written.then, "waiting").await;
    fixture.rescue().await;
    fixture.promote().await;
    assert_eq!(fixture.job(written.jobs[5]).await.state, State::Dead);
    fixture.check_job(written.then, "available").await;
    let jobs = record(&fixture, written.batch).await.jobs;
    assert_eq!((jobs.completed, jobs.cancelled, jobs.dead), (1, 3, 2));
}

/// B, T40: a job of a batch adds others before it ends, and the batch waits for them.
pub async fn a_job_adds_others_to_its_batch(fixture: StoreFixture) {
    let written = started(&fixture, vec![job()]).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    fixture.enqueue(jobs(2).map(|one| one.member_of(written.batch))).await;
    worker.settle(&batch, 0, complete()).await;
    for left in [2, 1] {
        fixture.check_job(written.then, "waiting").await;
        assert_eq!(record(&fixture, written.batch).await.jobs.open, left);
        worker.run_one(complete()).await;
    }
    fixture.check_job(written.then, "available").await;
}

/// B, A14: two processes end the last jobs of batches at the same moment: each batch ends, and once.
pub async fn the_ends_of_a_batch_at_the_same_moment_end_it_once(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    let worker = fixture.worker().await;
    for _ in 0..25 {
        let written = started(&fixture, jobs(2).collect()).await;
        let [first, second] = [worker.claim(1).await, worker.claim(1).await];
        let [one, two] = [&first, &second].map(|batch| [settlement(batch, 0, complete())]);
        let (ours, theirs) = tokio::join!(
            fixture.store().settle(worker.id(), &one, fixture.now()),
            other.settle(worker.id(), &two, fixture.now()),
        );
        assert_eq!(
            (ours.expect("ours"), theirs.expect("theirs")),
            (vec![Settled::Done], vec![Settled::Done])
        );
        worker.sweep().await;
        fixture.check_job(written.then, "available").await;
        assert_eq!(record(&fixture, written.batch).await.state, BatchState::Completed);
    }
}

/// A batch that has ended in the way that is waited for is not waited for; one that has ended in another is.
pub async fn what_has_ended_before_is_not_waited_for(fixture: StoreFixture) {
    let written = started(&fixture, vec![job()]).await;
    fixture.worker().await.run_one(die()).await;
    let ready = fixture.enqueue_one(after(written.batch, Ends::ANY)).await;
    fixture.check_job(ready, "available").await;
    let kept = fixture.enqueue_one(after(written.batch, Ends::COMPLETED)).await;
    fixture.check_job(kept, "waiting").await;
}
