//! Workers that are killed.

use std::collections::HashMap;
use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{Lane, Limited, State, Unique};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fault::clock;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;

use super::on_both_stores;

on_both_stores! {
    its_jobs_start_elsewhere_within_two_seconds
    what_it_held_is_free_within_two_seconds
    nothing_is_lost_before_a_claim
    nothing_is_lost_after_a_claim
    nothing_is_lost_before_a_settlement
    nothing_is_lost_after_a_settlement
    nothing_is_lost_by_an_abort
}

/// C7, T13, T44, X5: what a killed worker ran starts on the survivor, which is not restarted for it.
async fn its_jobs_start_elsewhere_within_two_seconds(fixture: ProcessFixture) {
    fixture.enqueue(jobs(8).map(|job| job.kind("gate"))).await;
    let mut killed = fixture.ready(&fixture.settings()).await;
    fixture.starts(8).await;
    let survivor = fixture.ready(&fixture.settings()).await;
    let before = clock::now();
    killed.kill().await;
    let starts = fixture.starts(16).await;
    let took = Duration::from_nanos(starts[15].at - before);
    println!("all 8 jobs of a killed worker had started elsewhere after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(starts[8..].iter().all(|start| start.process == survivor.pid()));
    fixture.open_gate();
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 8);
    fixture.judge().await;
}

/// T44, X9: a lane, a place under a limit and a unique key are held by jobs, and these by a lease with an owner: once
/// that is dead the jobs go on, and what waits for them does.
async fn what_it_held_is_free_within_two_seconds(fixture: ProcessFixture) {
    let gate = || job().kind("gate");
    let lane = || gate().lane(Lane::by("a"));
    let place = || gate().limited(Limited::by("a").running(1));
    let unique = || gate().unique(Unique::by("a"));
    fixture.enqueue([lane(), lane(), place(), place(), unique()]).await;
    let mut killed = fixture.ready(&fixture.settings()).await;
    let held = fixture.starts(3).await;
    let survivor = fixture.ready(&fixture.settings()).await;
    let before = clock::now();
    killed.kill().await;
    let starts = fixture.starts(6).await;
    let took = Duration::from_nanos(starts[5].at - before);
    println!("a lane, a place and a key of a killed worker were in use elsewhere after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(starts[3..].iter().all(|start| start.process == survivor.pid()), "{held:?}");
    fixture.open_gate();
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 5);
    let again = fixture.enqueue([unique()]).await;
    fixture.counts("the key is free", |counts| counts.of(State::Completed) == 6).await;
    assert_eq!(fixture.job(again[0]).await.state, State::Completed);
    fixture.judge().await;
}

/// I-D1–I-D3, I-L1, I-L8 at F-01.
async fn nothing_is_lost_before_a_claim(fixture: ProcessFixture) {
    killed_at(fixture, Plan::first(Verb::Claim, Side::Before, Action::Stop)).await;
}

/// I-D1–I-D3, I-L1, I-L8 at F-01: what was claimed had not started.
async fn nothing_is_lost_after_a_claim(fixture: ProcessFixture) {
    killed_at(fixture, Plan::first(Verb::Claim, Side::After, Action::Stop)).await;
}

/// I-D1–I-D3, I-L1, I-L8 at F-01: what had ended and was not written runs again.
async fn nothing_is_lost_before_a_settlement(fixture: ProcessFixture) {
    killed_at(fixture, Plan::first(Verb::Settle, Side::Before, Action::Stop)).await;
}

/// I-D1–I-D3, I-L1, I-L8 at F-01: what was written before the death does not run again.
async fn nothing_is_lost_after_a_settlement(fixture: ProcessFixture) {
    killed_at(fixture, Plan::first(Verb::Settle, Side::After, Action::Stop)).await;
}

/// I-D1–I-D3, I-L1, I-L8 at F-08.
async fn nothing_is_lost_by_an_abort(fixture: ProcessFixture) {
    killed_at(fixture, Plan::first(Verb::Settle, Side::Before, Action::Abort)).await;
}

/// Jobs that run at once.
const SLOTS: usize = 5;

/// Kills a worker at the point. Every job is completed, and only what was in its hands runs twice.
async fn killed_at(fixture: ProcessFixture, plan: Plan) {
    let ids = fixture.enqueue(jobs(20).map(|job| job.kind("ledger"))).await;
    let settings = Settings { slots: SLOTS, ..fixture.settings() };
    let armed = Settings { fault: Some(plan.to_string()), ..settings.clone() };
    let mut killed = fixture.start(&armed);
    killed.says(&format!("at {}", plan.point())).await;
    let at_death = fixture.store.counts().await.expect("jobs can be counted");
    killed.kill().await;
    let _survivor = fixture.ready(&settings).await;
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 20, "{counts:?}");
    let mut starts: HashMap<JobId, usize> = HashMap::new();
    for start in fixture.started() {
        *starts.entry(start.job).or_default() += 1;
    }
    assert!(ids.iter().all(|id| starts.contains_key(id)), "a job never ran");
    assert!(starts.values().all(|times| *times <= 2), "{starts:?}");
    let twice = starts.values().filter(|times| **times == 2).count() as u64;
    let held = at_death.of(State::Running);
    assert!(twice <= held, "{twice} jobs ran twice, and {held} were held");
    if (plan.verb, plan.side) == (Verb::Settle, Side::After) {
        assert!(at_death.of(State::Completed) > 0, "what was settled before the stop is written");
    }
    fixture.judge().await;
}
