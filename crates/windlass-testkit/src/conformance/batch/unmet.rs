//! Jobs that are cancelled since what they wait for has ended in another way.

use windlass_core::condition::{Ends, Waits};
use windlass_core::id::JobId;
use windlass_core::job::{Lane, State};

use super::started;
use crate::draft::{Draft, KIND, job};
use crate::fixture::StoreFixture;
use crate::verdicts::{complete, die};

fn after(other: JobId) -> Draft {
    job().waits(Waits::all().job("other", other).or_cancel())
}

/// T26: a job that says so is cancelled as soon as the one it waits for is dead, and says why; one that does not waits on.
pub async fn what_cannot_come_any_more_cancels(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job()).await;
    let cancelled = fixture.enqueue_one(after(first)).await;
    let waits = fixture.enqueue_one(job().waits(Waits::all().job("other", first))).await;
    fixture.worker().await.run_one(die()).await;
    fixture.check_job(waits, "waiting").await;
    let job = fixture.job(cancelled).await;
    assert_eq!(job.state, State::Cancelled);
    let reason = job.reason.expect("a reason");
    assert_eq!(reason, "what it waited for cannot come any more (open: other)");
}

/// T26: the jobs that wait for one that is cancelled so are cancelled too, however long the chain.
pub async fn a_chain_of_jobs_is_cancelled_at_once(fixture: StoreFixture) {
    const LINKS: usize = 1_000;
    let first = job().done();
    let mut last = first.id;
    let mut jobs = vec![first];
    for _ in 0..LINKS {
        let next = after(last).done();
        last = next.id;
        jobs.push(next);
    }
    fixture.try_enqueue(&jobs).await.expect("written");
    fixture.worker().await.run_one(die()).await;
    fixture.check(&format!("cancelled {LINKS}, dead 1")).await;
}

/// A job that is written after the other has ended in another way is cancelled at once.
pub async fn what_has_ended_otherwise_before_cancels(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job()).await;
    fixture.worker().await.run_one(die()).await;
    let late = fixture.enqueue_one(after(first)).await;
    assert_eq!(fixture.job(late).await.state, State::Cancelled);
    let either = Waits::all().job_ended("other", first, Ends::ANY).or_cancel();
    let told = fixture.enqueue_one(job().waits(either)).await;
    fixture.check_job(told, "available").await;
}

/// T26, T32: a job is cancelled as soon as the one it waits for was superseded in its lane, by the call that did it.
pub async fn what_is_superseded_cancels(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job().lane(Lane::by("a"))).await;
    let waits = fixture.enqueue_one(after(first)).await;
    let other = job().kind("other").lane(Lane::by("a").supersedes(KIND));
    fixture.enqueue_one(other).await;
    for id in [first, waits] {
        assert_eq!(fixture.job(id).await.state, State::Cancelled);
    }
}

/// T26: a job that runs only where a batch has failed is cancelled where it is completed, and the other way about.
pub async fn a_batch_that_ends_otherwise_cancels(fixture: StoreFixture) {
    for (verdict, ends) in [(complete(), Ends::DEAD), (die(), Ends::COMPLETED)] {
        let written = started(&fixture, vec![job()]).await;
        let waits = Waits::all().batch_ended("batch", written.batch, ends).or_cancel();
        let undo = fixture.enqueue_one(job().queue("undo").waits(waits)).await;
        fixture.worker().await.run_one(verdict).await;
        assert_eq!(fixture.job(undo).await.state, State::Cancelled);
        fixture.check_job(written.then, "available").await;
    }
}
