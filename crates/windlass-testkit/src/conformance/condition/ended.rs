//! Jobs that wait for the ends of others.

use std::time::Duration;

use windlass_core::condition::{Awaited, ConditionState, Ends, Waits};
use windlass_core::id::JobId;
use windlass_core::job::{Lane, Outcome, Settled, State};

use crate::draft::{Draft, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{cancelled, complete, complete_with, die, retry};
use crate::worker::{job_ids, worker};

const WAITING: &str = "waiting";
const AVAILABLE: &str = "available";

fn after(other: JobId) -> Draft {
    job().waits(Waits::all().job("other", other))
}

/// T24, T25: a job that waits for another is available as soon as that is completed, and reads its output.
pub async fn a_job_runs_after_another(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(job()).await;
    let second = fixture.enqueue_one(after(first)).await;
    let third = fixture.enqueue_one(after(second)).await;
    for id in [first, second, third] {
        let batch = worker.claim(9).await;
        assert_eq!(job_ids(&batch), [id]);
        worker.settle_all(&batch, &complete_with(r#"{"volume":3}"#)).await;
    }
    let conditions = fixture.store().conditions(second).await.expect("read");
    assert_eq!(conditions[0].state, ConditionState::Met);
    assert_eq!(conditions[0].data.as_ref().map(|data| data.as_str()), Some(r#"{"volume":3}"#));
    let Awaited::Job { job, job_state, .. } = conditions[0].awaits else { panic!("a job") };
    assert_eq!((job, job_state), (first, Some(State::Completed)));
    fixture.check("completed 3").await;
}

/// T26: a job whose other is dead stays where it is, and goes on when the other was retried and is completed.
pub async fn a_dead_job_keeps_those_that_wait_for_it(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(job()).await;
    let second = fixture.enqueue_one(after(first)).await;
    worker.run_one(retry(SECOND)).await;
    fixture.check_job(second, WAITING).await;
    fixture.advance(SECOND);
    fixture.promote().await;
    worker.run_one(die()).await;
    fixture.check_job(second, WAITING).await;
    let conditions = fixture.store().conditions(second).await.expect("read");
    let Awaited::Job { job_state, .. } = conditions[0].awaits else { panic!("a job") };
    assert_eq!((conditions[0].state, job_state), (ConditionState::Open, Some(State::Dead)));
    fixture.retry(first).await;
    worker.run_one(complete()).await;
    fixture.check_job(second, AVAILABLE).await;
}

/// T27: the conditions of a job say where the other stands, from its writing to its end, also while it runs beside one that has ended.
pub async fn where_the_other_stands_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let others = fixture.enqueue(jobs(2)).await;
    let waiting = fixture.enqueue_one(after(others[1])).await;
    let check = async |expected| {
        let conditions = fixture.store().conditions(waiting).await.expect("read");
        let Awaited::Job { job_state, .. } = conditions[0].awaits else { panic!("a job") };
        assert_eq!(job_state, Some(expected));
    };
    check(State::Available).await;
    let batch = worker.claim(2).await;
    assert_eq!(job_ids(&batch), others);
    check(State::Running).await;
    worker.settle(&batch, 0, complete()).await;
    check(State::Running).await;
    worker.settle(&batch, 1, retry(SECOND)).await;
    check(State::Retryable).await;
    fixture.advance(SECOND);
    fixture.promote().await;
    worker.run_one(complete()).await;
    check(State::Completed).await;
}

/// A11, A12: however a job ends, the jobs that wait for such an end are told: completed, cancelled by its handler, by a person and
/// before it began, expired, dead, superseded, and lost too often.
pub async fn every_road_to_an_end_is_told(fixture: StoreFixture) {
    let worker = fixture.start(worker().knowing(&[("work", 1)]).losing("work", 1)).await;
    let any =
        |other: JobId| job().waits(Waits::all().job_ended("other", other, Ends::ANY)).queue("last");
    let mut last = Vec::new();
    for verdict in [complete(), die(), cancelled(Outcome::Cancelled)] {
        let first = fixture.enqueue_one(job()).await;
        last.push(fixture.enqueue_one(any(first)).await);
        worker.run_one(verdict).await;
    }
    let unwanted = fixture.enqueue_one(job()).await;
    last.push(fixture.enqueue_one(any(unwanted)).await);
    fixture.cancel(unwanted).await;
    let old = fixture.enqueue_one(job().lane(Lane::by("a")).due_in(MINUTE)).await;
    last.push(fixture.enqueue_one(any(old)).await);
    fixture
        .enqueue_one(job().kind("other").queue("other").lane(Lane::by("a").supersedes("work")))
        .await;
    let expiring = fixture.enqueue_one(job().queue("nowhere").expires_in(SECOND)).await;
    last.push(fixture.enqueue_one(any(expiring)).await);
    let lost = fixture.enqueue_one(job().max_losses(1)).await;
    last.push(fixture.enqueue_one(any(lost)).await);
    assert_eq!(job_ids(&worker.claim(9).await), [lost]);
    fixture.rescue().await;
    fixture.promote().await;
    assert_eq!(fixture.job(lost).await.state, State::Dead);
    for (nth, id) in last.into_iter().enumerate() {
        assert_eq!(fixture.job(id).await.state, State::Available, "the {nth}th");
    }
}

/// A job that has ended in the way that is waited for is not waited for; one that ended in another is.
pub async fn what_has_ended_before_meets_its_condition(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let done = fixture.enqueue_one(job()).await;
    worker.run_one(complete()).await;
    let dead = fixture.enqueue_one(job()).await;
    worker.run_one(die()).await;
    let ready = fixture.enqueue_one(after(done)).await;
    fixture.check_job(ready, AVAILABLE).await;
    let kept = fixture.enqueue_one(after(dead)).await;
    fixture.check_job(kept, WAITING).await;
    let ends = Ends::DEAD.or(Ends::CANCELLED);
    let told = fixture.enqueue_one(job().waits(Waits::all().job_ended("dead", dead, ends))).await;
    fixture.check_job(told, AVAILABLE).await;
}

/// B: ten thousand jobs, and one that waits for all of them: it is available with the settlement of the last.
pub async fn one_job_waits_for_many(fixture: StoreFixture) {
    const MANY: usize = 900;
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(MANY)).await;
    let all =
        ids.iter().fold(Waits::all(), |all, id| all.job_ended(id.to_string(), *id, Ends::ANY));
    let last = fixture.enqueue_one(job().waits(all)).await;
    let mut left = MANY;
    while left > 0 {
        fixture.check_job(last, WAITING).await;
        let batch = worker.claim(400).await;
        left -= batch.jobs.len();
        let answers = worker.settle_all(&batch, &complete()).await;
        assert!(answers.iter().all(|answer| *answer == Settled::Done));
    }
    fixture.check_job(last, AVAILABLE).await;
}

/// What is met is what the job waited for: an end that comes when it does not wait any more changes nothing.
pub async fn an_end_after_the_wait_changes_nothing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let [first, second] = [job().priority(-2), job().priority(-1)].map(Draft::done);
    let either = Waits::any().job("first", first.id).job("second", second.id);
    let either = job().waits(either).done();
    let id = either.id;
    fixture.try_enqueue(&[first, second, either]).await.expect("written");
    worker.run_one(complete()).await;
    fixture.check_job(id, AVAILABLE).await;
    worker.run_one(complete()).await;
    let conditions = fixture.store().conditions(id).await.expect("read");
    let states: Vec<_> = conditions.iter().map(|one| one.state).collect();
    assert_eq!(states, [ConditionState::Met, ConditionState::Open]);
}

/// T25: a job that was written while the other one ran is told of its end too.
pub async fn a_job_that_runs_can_be_waited_for(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(job()).await;
    let batch = worker.claim(1).await;
    let second = fixture.enqueue_one(after(first)).await;
    fixture.check_job(second, WAITING).await;
    // A sweep finds that it still runs.
    worker.sweep().await;
    fixture.check_job(second, WAITING).await;
    worker.settle(&batch, 0, complete()).await;
    fixture.check_job(second, AVAILABLE).await;
}

/// What waits is in nobody's way: it holds no lane, and workers that come do not bring it back.
pub async fn a_job_that_waits_is_in_nobodys_way(fixture: StoreFixture) {
    let first = fixture.enqueue_one(job().queue("elsewhere")).await;
    let lane = || Lane::by("a");
    let waits = fixture.enqueue_one(after(first).lane(lane())).await;
    let free = fixture.enqueue_one(job().lane(lane())).await;
    let worker = fixture.worker().await;
    fixture.tidy().await;
    worker.sweep().await;
    fixture.check_job(waits, WAITING).await;
    let batch = worker.claim(9).await;
    assert_eq!(job_ids(&batch), [free]);
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(fixture.find("state:waiting").await, [waits]);
    fixture.check("waiting 1, available 1, completed 1").await;
}

/// A job that is due later waits for that too.
pub async fn a_due_time_counts_beside_the_conditions(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(job()).await;
    let later = fixture.enqueue_one(after(first).due_in(MINUTE)).await;
    worker.run_one(complete()).await;
    assert_eq!(fixture.job(later).await.state, State::Scheduled);
    fixture.advance(MINUTE + Duration::from_secs(1));
    fixture.promote().await;
    fixture.check_job(later, AVAILABLE).await;
}

/// A13: a job that was taken for lost ended once: when its worker comes back and says that it is done, nobody is told again.
pub async fn a_late_end_is_told_to_nobody(fixture: StoreFixture) {
    let lost = fixture.enqueue_one(job().max_losses(1)).await;
    let told = Waits::all().job_ended("other", lost, Ends::ANY);
    let told = fixture.enqueue_one(job().queue("told").waits(told)).await;
    let slow = fixture.worker().await;
    let batch = slow.claim(1).await;
    fixture.rescue().await;
    let teller = fixture.start(worker().serving(&["told"])).await;
    let message = teller.claim(9).await;
    assert_eq!(job_ids(&message), [told]);
    assert_eq!(slow.settle(&batch, 0, complete()).await, Settled::Lost);
    teller.settle_all(&message, &complete()).await;
    teller.sweep().await;
    assert_eq!(job_ids(&teller.claim(9).await), [], "there is one message");
    assert_eq!(fixture.job(lost).await.state, State::Dead);
    fixture.check("completed 1, dead 1").await;
}
