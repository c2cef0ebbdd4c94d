//! Steps of workers that are stopped and killed.

use std::collections::BTreeMap;

use windlass_core::job::State;
use windlass_testkit::draft::{Draft, job};
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::fault::probe::STEPS;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;

use super::on_both_stores;

on_both_stores! {
    a_thousand_steps_through_stops_and_kills
    a_step_that_was_written_before_a_kill_is_not_done_again
    a_step_that_was_not_written_before_a_kill_is_done_again
    a_step_whose_answer_is_lost_is_done_once
}

/// Steps of the long job.
const LONG: u32 = 1_000;
/// Stops and kills on its way.
const STOPS: u32 = 10;
const KILLS: u32 = 5;

/// A job of so many steps, that no number of dead workers ends.
fn steps(number: u32) -> Draft {
    job().kind("steps").args(&number.to_string()).max_losses(0)
}

/// How often each step was done.
fn done(fixture: &ProcessFixture) -> BTreeMap<u32, u32> {
    let text = std::fs::read_to_string(fixture.folder().join(STEPS)).unwrap_or_default();
    let mut done = BTreeMap::new();
    for nth in text.lines().filter_map(|line| line.parse().ok()) {
        *done.entry(nth).or_default() += 1;
    }
    done
}

/// T37, I-L3 at F-01: of a thousand steps through ten stops and five kills each is done once, except for one repeated step for
/// each kill at most.
async fn a_thousand_steps_through_stops_and_kills(fixture: ProcessFixture) {
    let id = fixture.enqueue([steps(LONG)]).await[0];
    let settings = fixture.settings();
    for round in 0..STOPS + KILLS {
        let mut worker = fixture.ready(&settings).await;
        let so_far = done(&fixture).len();
        // Some more steps each time: the last round leaves some to do.
        let enough = so_far + 20 + (round as usize * 7) % 30;
        let more = || async { (done(&fixture).len() >= enough).then_some(()) };
        eventually("more steps are done", more).await;
        if round % 3 == 2 {
            worker.kill().await;
        } else {
            worker.terminate();
            worker.ended().await;
        }
    }
    assert!(done(&fixture).len() < LONG as usize, "it was stopped on its way");
    let _last = fixture.ready(&settings).await;
    let counts = fixture.drained().await;
    assert_eq!(counts.of(State::Completed), 1);
    let job = fixture.job(id).await;
    assert_eq!(job.failures, u32::from(job.losses), "stops count nothing");
    let done = done(&fixture);
    assert!((1..=LONG).all(|nth| done.contains_key(&nth)), "each is done");
    let repeats: u32 = done.values().map(|times| times - 1).sum();
    println!("{repeats} of {LONG} steps were repeated after {KILLS} kills and {STOPS} stops");
    assert!(repeats <= KILLS, "{repeats} repeats");
    fixture.judge().await;
}

/// T37 at F-01: a worker is killed between the write of a step and the end: the step is not done again.
async fn a_step_that_was_written_before_a_kill_is_not_done_again(fixture: ProcessFixture) {
    let done = killed_at_the_third(fixture, Side::After).await;
    assert_eq!(done, [1, 1, 1, 1, 1]);
}

/// T37 at F-01: a worker is killed before a step is written: this one step is done again.
async fn a_step_that_was_not_written_before_a_kill_is_done_again(fixture: ProcessFixture) {
    let done = killed_at_the_third(fixture, Side::Before).await;
    assert_eq!(done, [1, 1, 2, 1, 1]);
}

/// How often each of five steps was done, where a worker is killed at the record of the third.
async fn killed_at_the_third(fixture: ProcessFixture, side: Side) -> Vec<u32> {
    fixture.enqueue([steps(5)]).await;
    let plan = Plan { passage: 3, ..Plan::first(Verb::Record, side, Action::Stop) };
    let mut killed = fixture.start(&armed(&fixture, plan));
    killed.says(&format!("at {}", plan.point())).await;
    killed.kill().await;
    let _survivor = fixture.ready(&fixture.settings()).await;
    assert_eq!(fixture.drained().await.of(State::Completed), 1);
    fixture.judge().await;
    done(&fixture).into_values().collect()
}

/// T37 at F-11: the answer to the record of a step is lost: it is sent again, and the step is not done again.
async fn a_step_whose_answer_is_lost_is_done_once(fixture: ProcessFixture) {
    fixture.enqueue([steps(5)]).await;
    let plan = Plan { passage: 3, ..Plan::first(Verb::Record, Side::After, Action::Lose) };
    let _worker = fixture.ready(&armed(&fixture, plan)).await;
    assert_eq!(fixture.drained().await.of(State::Completed), 1);
    assert_eq!(done(&fixture).into_values().collect::<Vec<_>>(), [1, 1, 1, 1, 1]);
    fixture.judge().await;
}

fn armed(fixture: &ProcessFixture, plan: Plan) -> Settings {
    Settings { fault: Some(plan.to_string()), ..fixture.settings() }
}
