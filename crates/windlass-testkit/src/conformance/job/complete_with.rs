//! A completion with what follows it: all of it or nothing.

use windlass_core::error::StoreError;
use windlass_core::event::NewEvent;
use windlass_core::job::{Batch, Completion, NewJob, Settled, State, Unique};
use windlass_core::json::Json;
use windlass_core::worker::Beat;

use crate::draft::job;
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, retry};
use crate::worker::{RAN, Worker};

fn followed_by(jobs: Vec<NewJob>) -> Completion {
    Completion {
        output: Some(Json::stored("42")),
        ran: Some(RAN),
        jobs,
        events: vec![NewEvent::bare("work.done").given("once")],
    }
}

async fn send(
    fixture: &StoreFixture,
    (worker, batch): (&Worker<'_>, &Batch),
    completion: &Completion,
) -> Result<Settled, StoreError> {
    let fence = worker.fence(batch, 0);
    fixture.store().complete_with(&fence, completion, fixture.now()).await
}

/// How many jobs are available, and completed, those that followed among them.
async fn numbers(fixture: &StoreFixture) -> (u64, u64) {
    let counts = fixture.store().counts().await.expect("counted");
    (counts.of(State::Available), counts.of(State::Completed))
}

/// How many events there are, sequenced or not.
async fn events(fixture: &StoreFixture) -> usize {
    fixture.store().sequence(10, fixture.now()).await.expect("sequenced");
    fixture.store().events(0, 10).await.expect("read").len()
}

/// T8, I-X1: the job is completed, and what follows is there.
pub async fn what_follows_is_written_with_the_completion(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    let next = [job().queue("next").done(), job().queue("next").unique(Unique::by("a")).done()];
    let answer = send(&fixture, (&worker, &batch), &followed_by(next.to_vec())).await;
    assert_eq!(answer.expect("written"), Settled::Done);
    assert_eq!(numbers(&fixture).await, (2, 1));
    let done = fixture.job(id).await;
    assert_eq!(
        (done.output.as_ref().map(Json::as_str), done.worker.as_deref()),
        (Some("42"), Some(worker.label()))
    );
    let (started, finished) = (done.started_at.expect("known"), done.finished_at.expect("ended"));
    assert_eq!(finished.since(started), RAN);
    assert_eq!(events(&fixture).await, 1);
    worker.check_leases(&[]).await;
}

/// T8, I-X1: a repeated completion finds itself, and nothing follows twice.
pub async fn a_repeated_completion_writes_nothing_twice(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    // Without an id of its own, so that a second one would be another event.
    let mut completion = followed_by(vec![job().done()]);
    completion.events = vec![NewEvent::bare("work.done")];
    assert_eq!(
        send(&fixture, (&worker, &batch), &completion).await.expect("written"),
        Settled::Done
    );
    completion.jobs = vec![job().done()];
    completion.events = vec![NewEvent::bare("work.done")];
    assert_eq!(
        send(&fixture, (&worker, &batch), &completion).await.expect("asked"),
        Settled::Already
    );
    assert_eq!(numbers(&fixture).await, (1, 1));
    assert_eq!(events(&fixture).await, 1);
}

/// I-L3, T8: without the lease nothing is written, neither the completion nor what follows.
pub async fn a_lost_lease_lets_nothing_follow(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    worker.release(&batch).await;
    let answer = send(&fixture, (&worker, &batch), &followed_by(vec![job().done()])).await;
    assert_eq!(answer.expect("asked"), Settled::Lost);
    fixture.check("available 1").await;
    assert_eq!(events(&fixture).await, 0);
}

/// T8: where what is to follow is refused, the job runs on and can be settled in another way.
pub async fn a_refused_job_takes_the_completion_back(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    let held = Unique::by("a").reject();
    let holder = fixture.enqueue_one(job().queue("other").unique(held.clone())).await;
    let refused = followed_by(vec![job().done(), job().unique(held).done()]);
    match send(&fixture, (&worker, &batch), &refused).await {
        Err(StoreError::Duplicate { job, .. }) => assert_eq!(job, holder),
        other => panic!("expected a refusal, found {other:?}"),
    }
    fixture.check("available 1, running 1").await;
    assert_eq!(events(&fixture).await, 0);
    assert_eq!(worker.settle(&batch, 0, complete()).await, Settled::Done);
}

/// T8: the jobs of one lease may end in either way.
pub async fn a_batch_is_settled_in_both_ways(fixture: StoreFixture) {
    fixture.enqueue([job(), job()]).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    let answer = send(&fixture, (&worker, &batch), &followed_by(Vec::new())).await;
    assert_eq!(answer.expect("written"), Settled::Done);
    worker.check_leases(&[&batch]).await;
    assert_eq!(worker.settle(&batch, 1, complete()).await, Settled::Done);
    worker.check_leases(&[]).await;
    fixture.check("completed 2").await;
}

/// X18, T8: a job that was completed although it was asked to cancel has forgotten that.
pub async fn a_completion_forgets_a_cancel_request(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    fixture.cancel(id).await;
    let answer = send(&fixture, (&worker, &batch), &followed_by(Vec::new())).await;
    assert_eq!(answer.expect("written"), Settled::Done);
    fixture.retry(id).await;
    let batch = worker.claim(1).await;
    let Beat::Alive { cancels, .. } = worker.beat().await else { panic!("the worker is gone") };
    assert_eq!(cancels, []);
    worker.settle(&batch, 0, retry(MINUTE)).await;
    fixture.check_job(id, "retryable in 60s, attempt 2, failures 1, history error").await;
}
