//! Steps: written under the lease, read by the next attempt.

use windlass_core::id::JobId;
use windlass_core::job::{Batch, Fence, Fenced};
use windlass_core::json::Json;
use windlass_core::step::{NewStep, Others, Recalled, StepForm, StepRecord, Until};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, hand_back};
use crate::worker::Worker;

/// A step that has returned its number.
fn step(nth: u32, name: &str) -> NewStep {
    let output = Some(Json::stored(nth.to_string()));
    NewStep { nth, name: name.to_owned(), form: StepForm::Work, output, until: None }
}

async fn record(fixture: &StoreFixture, fence: &Fence, steps: &[NewStep]) -> Fenced {
    let written = fixture.store().record_steps(fence, steps, Others::Stay, fixture.now()).await;
    written.expect("a step reaches the store")
}

async fn recall(fixture: &StoreFixture, fence: &Fence) -> Recalled {
    fixture.store().recall(fence, fixture.now()).await.expect("steps can be read")
}

/// The steps of a job, as people see them.
async fn steps(fixture: &StoreFixture, job: JobId) -> Vec<(u32, String)> {
    let found = fixture.store().steps(job).await.expect("steps can be read");
    found.into_iter().map(|one| (one.nth, one.name)).collect()
}

/// One job, claimed.
async fn claimed(worker: &Worker<'_>) -> (Batch, Fence) {
    let batch = worker.claim(1).await;
    let fence = worker.fence(&batch, 0);
    (batch, fence)
}

/// T37: steps are there for the next attempt, in their order, with what they returned; each job has its own.
pub async fn steps_are_there_for_the_next_attempt(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (batch, fence) = claimed(&worker).await;
    assert_eq!(record(&fixture, &fence, &[step(1, "a")]).await, Fenced::Done);
    assert_eq!(record(&fixture, &fence, &[step(3, "c"), step(2, "b")]).await, Fenced::Done);
    worker.settle(&batch, 0, hand_back()).await;
    let (batch, fence) = claimed(&worker).await;
    let recalled = recall(&fixture, &fence).await;
    let record = |nth: u32, name: &str| StepRecord {
        nth,
        name: name.to_owned(),
        form: StepForm::Work,
        output: Some(Json::stored(nth.to_string())),
        until: None,
        at: fixture.moment(),
    };
    let expected = vec![record(1, "a"), record(2, "b"), record(3, "c")];
    assert_eq!(recalled, Recalled { now: fixture.moment(), steps: expected });
    worker.settle(&batch, 0, complete()).await;
    assert_eq!(steps(&fixture, id).await.len(), 3, "they are kept with the job");
    fixture.enqueue_one(job()).await;
    let (_, other) = claimed(&worker).await;
    assert_eq!(recall(&fixture, &other).await.steps, []);
}

/// I-L3: a step of an attempt that does not hold its lease any more changes nothing: it is settled, runs again elsewhere, or was
/// taken back from a dead worker.
pub async fn a_step_without_the_lease_changes_nothing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(2)).await;
    let batch = worker.claim(2).await;
    let (settled, held) = (worker.fence(&batch, 0), worker.fence(&batch, 1));
    assert_eq!(record(&fixture, &settled, &[step(1, "a")]).await, Fenced::Done);
    worker.settle(&batch, 0, hand_back()).await;
    assert_eq!(record(&fixture, &settled, &[step(2, "late")]).await, Fenced::Lost);
    let (_, again) = claimed(&worker).await;
    assert_eq!(record(&fixture, &settled, &[step(1, "late")]).await, Fenced::Lost);
    let (store, none) = (fixture.store(), Others::EndAt(0));
    let ended = store.record_steps(&settled, &[], none, fixture.now()).await;
    assert_eq!(ended.expect("it reaches the store"), Fenced::Lost);
    assert_eq!(record(&fixture, &again, &[step(2, "b")]).await, Fenced::Done);
    fixture.rescue().await;
    for fence in [&held, &again] {
        assert_eq!(record(&fixture, fence, &[step(1, "stale")]).await, Fenced::Lost);
    }
    assert_eq!(steps(&fixture, ids[0]).await, [(1, "a".to_owned()), (2, "b".to_owned())]);
    assert_eq!(steps(&fixture, ids[1]).await, []);
}

/// A step that is written again, as after a lost answer, takes its place.
pub async fn a_step_that_is_written_again_takes_its_place(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (_, fence) = claimed(&worker).await;
    for name in ["a", "a", "b"] {
        assert_eq!(record(&fixture, &fence, &[step(1, name)]).await, Fenced::Done);
        assert_eq!(steps(&fixture, id).await, [(1, name.to_owned())]);
    }
}

/// T37: the list of an older version can be written as that of a newer one, in one change.
pub async fn a_list_can_end_earlier(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (_, fence) = claimed(&worker).await;
    record(&fixture, &fence, &[step(1, "a"), step(2, "b"), step(3, "c")]).await;
    let (store, now) = (fixture.store(), fixture.now());
    let written = store.record_steps(&fence, &[step(1, "c")], Others::EndAt(1), now).await;
    assert_eq!(written.expect("it reaches the store"), Fenced::Done);
    assert_eq!(steps(&fixture, id).await, [(1, "c".to_owned())]);
    let written = store.record_steps(&fence, &[], Others::EndAt(0), now).await;
    assert_eq!(written.expect("it reaches the store"), Fenced::Done);
    assert_eq!(steps(&fixture, id).await, []);
}

/// T37: a sleep says until when, by the store's clock.
pub async fn a_step_that_lasts_says_until_when(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue_one(job()).await;
    let (_, fence) = claimed(&worker).await;
    let until = fixture.moment().after(MINUTE);
    let lasting = |nth, until| {
        let (name, until) = ("night".to_owned(), Some(until));
        NewStep { nth, name, form: StepForm::Sleep, output: None, until }
    };
    record(&fixture, &fence, &[lasting(1, Until::After(MINUTE)), lasting(2, Until::At(until))])
        .await;
    fixture.advance(SECOND);
    let recalled = recall(&fixture, &fence).await;
    let found: Vec<_> = recalled.steps.iter().map(|one| (one.form, one.until)).collect();
    assert_eq!(found, [(StepForm::Sleep, Some(until)); 2]);
    assert_eq!(recalled.now, fixture.moment());
}

/// A job whose id comes again, after the first one is gone, begins without the steps of that one.
pub async fn an_id_that_comes_again_has_no_steps(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = JobId::FIRST;
    for _ in 0..2 {
        fixture.enqueue_one(job().given(id)).await;
        let (batch, fence) = claimed(&worker).await;
        assert_eq!(recall(&fixture, &fence).await.steps, []);
        record(&fixture, &fence, &[step(1, "a"), step(2, "b")]).await;
        worker.settle(&batch, 0, hand_back()).await;
        let (batch, fence) = claimed(&worker).await;
        assert_eq!(recall(&fixture, &fence).await.steps.len(), 2);
        worker.settle(&batch, 0, complete()).await;
        fixture.advance(MINUTE * 60 * 24 * 9);
        // The job is pruned, and then what belonged to it, unless the walk has been there before.
        fixture.tidy().await;
        assert!(fixture.store().job(id).await.expect("it can be read").is_none());
        worker.beat().await;
    }
}

/// The steps of a job go with it.
pub async fn steps_are_removed_with_their_jobs(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (batch, fence) = claimed(&worker).await;
    record(&fixture, &fence, &[step(1, "a")]).await;
    fixture.tidy().await;
    assert_eq!(steps(&fixture, id).await.len(), 1, "it runs");
    worker.settle(&batch, 0, complete()).await;
    fixture.tidy().await;
    assert_eq!(steps(&fixture, id).await.len(), 1, "it is kept");
    fixture.advance(MINUTE * 60 * 24 * 9);
    for _ in 0..4 {
        fixture.tidy().await;
    }
    assert_eq!(steps(&fixture, id).await, []);
}

/// I-L3: of a step and a rescue of its job at the same moment one comes first: a step that was written is there for the next
/// attempt, one that was not is refused.
pub async fn of_a_step_and_a_rescue_at_once_one_wins(fixture: StoreFixture) {
    let other = fixture.another_store().await;
    for _ in 0..10 {
        let id = fixture.enqueue_one(job()).await;
        let worker = fixture.worker().await;
        let (_, fence) = claimed(&worker).await;
        fixture.advance(MINUTE);
        let rescuer = fixture.worker().await;
        let written = async {
            loop {
                let one = [step(1, "a")];
                let answer = other.record_steps(&fence, &one, Others::Stay, fixture.now()).await;
                match answer.expect("it reaches the store") {
                    Fenced::Busy => tokio::task::yield_now().await,
                    answer => return answer,
                }
            }
        };
        let (written, _) = tokio::join!(written, rescuer.sweep());
        // A rescue that met the step comes to the lease with the next round.
        while fixture.job(id).await.state != windlass_core::job::State::Available {
            rescuer.sweep().await;
        }
        let found = steps(&fixture, id).await.len();
        assert_eq!(found, usize::from(written == Fenced::Done), "{written:?}");
        let after = other.record_steps(&fence, &[step(2, "b")], Others::Stay, fixture.now()).await;
        assert_eq!(after.expect("it reaches the store"), Fenced::Lost);
        fixture.cancel(id).await;
        rescuer.leave().await;
    }
}
