//! Workers that are frozen for longer than their lease.

use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_testkit::draft::job;
use windlass_testkit::fault::clock;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::fault::process::Process;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::{Answer, Event};

use super::on_both_stores;

on_both_stores! {
    what_it_had_claimed_does_not_start
    the_end_of_what_it_ran_is_refused
    what_it_runs_is_told_to_end
}

/// C2, I-L6 at F-03: frozen right after the claim, it finds its lease over before anything starts.
async fn what_it_had_claimed_does_not_start(fixture: ProcessFixture) {
    let id = fixture.enqueue([job().kind("ledger")]).await[0];
    let plan = Plan::first(Verb::Claim, Side::After, Action::Stop);
    let frozen = frozen_at(&fixture, plan).await;
    let other = taken_over(&fixture, id).await;
    wake_and_register_again(&fixture, &frozen).await;
    let starts = fixture.started();
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert_eq!(starts[0].process, other.pid());
    fixture.judge().await;
}

/// C2, C3, I-L3 at F-03: frozen before the end of its attempt is written, it is refused.
async fn the_end_of_what_it_ran_is_refused(fixture: ProcessFixture) {
    let id = fixture.enqueue([job().kind("ledger")]).await[0];
    let plan = Plan::first(Verb::Settle, Side::Before, Action::Stop);
    let frozen = frozen_at(&fixture, plan).await;
    let _other = taken_over(&fixture, id).await;
    let before = fixture.job(id).await;
    frozen.wake();
    let answer =
        fixture.record("the frozen worker's settlement is answered", |record| match record.event {
            Event::Settled { answer, .. } if record.process == frozen.pid() => Some(answer),
            _ => None,
        });
    assert_eq!(answer.await, Answer::Lost);
    let after = fixture.job(id).await;
    assert_eq!((after.worker, after.attempt, after.losses), (before.worker, 2, 1));
    assert_eq!(after.finished_at, before.finished_at);
    let verdict = fixture.judge().await;
    assert_eq!(verdict.stale_refused, 1);
}

/// I-L3, I-L6 at F-03: frozen while a handler runs, it writes nothing for it when it wakes.
async fn what_it_runs_is_told_to_end(fixture: ProcessFixture) {
    let id = fixture.enqueue([job().kind("gate")]).await[0];
    let plan = Plan::first(Verb::Heartbeat, Side::Before, Action::Stop);
    let frozen = frozen_at(&fixture, plan).await;
    assert_eq!(fixture.started().len(), 1);
    let other = fixture.ready(&fixture.settings()).await;
    let starts = fixture.starts(2).await;
    assert_eq!((starts[1].process, starts[1].attempt), (other.pid(), 2));
    wake_and_register_again(&fixture, &frozen).await;
    fixture.open_gate();
    fixture.drained().await;
    let record = fixture.job(id).await;
    assert_eq!((record.state, record.attempt, record.losses), (State::Completed, 2, 1));
    let worker = record.worker.unwrap_or_default();
    assert!(worker.contains(&format!(":{}:", other.pid())), "completed by {worker}");
    fixture.judge().await;
}

/// A worker that has frozen itself at the point.
async fn frozen_at(fixture: &ProcessFixture, plan: Plan) -> Process {
    let armed = Settings { fault: Some(plan.to_string()), ..fixture.settings() };
    let mut frozen = fixture.start(&armed);
    frozen.says(&format!("at {}", plan.point())).await;
    frozen
}

/// Another worker, which has completed the job.
async fn taken_over(fixture: &ProcessFixture, id: JobId) -> Process {
    let other = fixture.ready(&fixture.settings()).await;
    fixture.drained().await;
    let record = fixture.job(id).await;
    assert_eq!((record.state, record.attempt), (State::Completed, 2));
    other
}

async fn wake_and_register_again(fixture: &ProcessFixture, frozen: &Process) {
    let woken = clock::now();
    frozen.wake();
    let is_new = |event: &Event| matches!(event, Event::Renewed { asked, .. } if *asked > woken);
    let fits = |record: &windlass_testkit::history::record::Record| {
        (record.process == frozen.pid() && is_new(&record.event)).then_some(())
    };
    fixture.record("the frozen worker registers again", fits).await;
}
