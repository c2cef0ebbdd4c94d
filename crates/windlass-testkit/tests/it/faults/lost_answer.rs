//! Commits whose answers get lost.
use std::sync::Arc;
use windlass_core::job::{Enqueued, JobStore, State};
use windlass_core::store::Now;

use futures_util::future::join_all;
use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::fault::store::FaultStore;
use windlass_testkit::history::record::{Answer, Event};

use super::on_both_stores;

on_both_stores! {
    a_claim_nobody_heard_of_is_handed_back
    a_claim_that_did_not_happen_is_tried_again
    a_claim_that_is_answered_late_is_kept
    a_settlement_nobody_heard_of_is_already_written
    a_settlement_that_did_not_happen_is_sent_again
    a_heartbeat_nobody_heard_of_costs_nothing
    an_enqueue_nobody_heard_of_wrote_one_job
    an_enqueue_that_did_not_happen_is_made_up_for
}

/// I-D2, I-L1 at F-11.
async fn a_claim_nobody_heard_of_is_handed_back(fixture: ProcessFixture) {
    let lost = Plan::first(Verb::Claim, Side::After, Action::Lose);
    all_run_once(&fixture, lost).await;
    for record in fixture.history().await.ended {
        assert_eq!((record.failures, record.losses), (0, 0), "{record:?}");
    }
}

/// I-D2 at F-11.
async fn a_claim_that_did_not_happen_is_tried_again(fixture: ProcessFixture) {
    all_run_once(&fixture, Plan::first(Verb::Claim, Side::Before, Action::Lose)).await;
}

/// I-L2 at F-11: heartbeats find the lease of a claim while its answer is under way; it is not handed back.
async fn a_claim_that_is_answered_late_is_kept(fixture: ProcessFixture) {
    all_run_once(&fixture, Plan::first(Verb::Claim, Side::After, Action::Delay)).await;
}

/// I-X2 at F-11.
async fn a_settlement_nobody_heard_of_is_already_written(fixture: ProcessFixture) {
    let plan = Plan::first(Verb::Settle, Side::After, Action::Lose);
    // Killed only once its last answer is written down.
    let _worker = all_run_once(&fixture, plan).await;
    let answers = eventually("all have been answered", || async {
        let records = fixture.records();
        let answers = records.iter().filter_map(|record| answer(&record.event));
        let answers: Vec<Answer> = answers.collect();
        let known = answers.iter().filter(|answer| **answer != Answer::Unknown).count();
        (known >= 20).then_some(answers)
    })
    .await;
    let unknown = answers.iter().filter(|answer| **answer == Answer::Unknown).count();
    let already = answers.iter().filter(|answer| **answer == Answer::Already).count();
    assert!(unknown > 0 && already == unknown, "{answers:?}");
}

fn answer(event: &Event) -> Option<Answer> {
    match event {
        Event::Settled { answer, .. } => Some(*answer),
        _ => None,
    }
}

/// I-X2 at F-11.
async fn a_settlement_that_did_not_happen_is_sent_again(fixture: ProcessFixture) {
    all_run_once(&fixture, Plan::first(Verb::Settle, Side::Before, Action::Lose)).await;
}

/// I-L2 at F-11.
async fn a_heartbeat_nobody_heard_of_costs_nothing(fixture: ProcessFixture) {
    all_run_once(&fixture, Plan::first(Verb::Heartbeat, Side::After, Action::Lose)).await;
}

/// I-X3 at F-11: the same id again, one after the other and at the same time.
async fn an_enqueue_nobody_heard_of_wrote_one_job(fixture: ProcessFixture) {
    let plan = Plan::first(Verb::Enqueue, Side::After, Action::Lose);
    let answers = enqueue_again(&fixture, plan).await;
    assert!(answers.iter().all(|answer| matches!(answer, Enqueued::Existing(_))), "{answers:?}");
}

/// I-X3 at F-11: nothing was written, so that one of the tries afterwards writes it.
async fn an_enqueue_that_did_not_happen_is_made_up_for(fixture: ProcessFixture) {
    let plan = Plan::first(Verb::Enqueue, Side::Before, Action::Lose);
    let answers = enqueue_again(&fixture, plan).await;
    let new = answers.iter().filter(|answer| matches!(answer, Enqueued::New(_))).count();
    assert_eq!(new, 1, "{answers:?}");
}

/// Enqueues a job with a given id whose first answer gets lost, and ten times more.
async fn enqueue_again(fixture: &ProcessFixture, plan: Plan) -> Vec<Enqueued> {
    let store = fixture.recorded(Arc::new(FaultStore::new(fixture.bare_store().await, plan)));
    let job = [job().kind("ok").given(JobId::new()).done()];
    let first = store.enqueue(&job, Now::Database).await;
    assert!(matches!(first, Err(StoreError::Unknown { .. })), "{first:?}");
    let tries = join_all((0..10).map(|_| store.enqueue(&job, Now::Database))).await;
    let answers = tries.into_iter().flat_map(|answer| answer.expect("it reaches the store"));
    let answers: Vec<Enqueued> = answers.collect();
    let _worker = fixture.ready(&fixture.settings()).await;
    let counts = fixture.drained().await;
    assert_eq!(counts.total(), 1);
    fixture.judge().await;
    answers
}

/// A worker with this fault, which has come, and which has completed every job at the only start it
/// had, also of those that came afterwards.
async fn all_run_once(fixture: &ProcessFixture, plan: Plan) -> Process {
    fixture.enqueue(jobs(10).map(|job| job.kind("ledger"))).await;
    let settings = Settings { slots: 5, fault: Some(plan.to_string()), ..fixture.settings() };
    let mut worker = fixture.start(&settings);
    worker.says(&format!("at {}", plan.point())).await;
    fixture.enqueue(jobs(10).map(|job| job.kind("ledger"))).await;
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 20, "{counts:?}");
    assert_eq!(fixture.started().len(), 20, "each started once");
    fixture.judge().await;
    worker
}
