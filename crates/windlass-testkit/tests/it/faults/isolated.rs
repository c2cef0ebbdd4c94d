//! Attempts in processes of their own: what they do to themselves, and to nobody else.

use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, Outcome, State};
use windlass_core::store::Now;
use windlass_testkit::draft::{Draft, job};
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;

use super::on_both_stores;

on_both_stores! {
    a_crash_ends_its_attempt_and_nothing_else
    a_child_that_hangs_is_ended_by_its_timeout
    a_cancel_reaches_a_child
    a_stop_reaches_a_child
    a_child_dies_with_its_worker
    a_childs_output_is_handed_on
}

fn crash(how: &str) -> Draft {
    job().kind("crash").args(&format!("\"{how}\"")).max_attempts(1)
}

/// The outcome of a job's only attempt, and the first line of its error.
fn only_end(record: &JobRecord) -> (Outcome, &str) {
    let [attempt] = &record.history[..] else { panic!("one attempt: {record:?}") };
    let error = attempt.error.as_deref().unwrap_or_default();
    (attempt.outcome, error.lines().next().unwrap_or_default())
}

/// T36: an attempt that aborts, exits, is killed or panics in a process of its own ends with an error that says so, as soon as
/// it does; its worker, and what else that runs, goes on.
async fn a_crash_ends_its_attempt_and_nothing_else(fixture: ProcessFixture) {
    let gate = fixture.enqueue([job().kind("gate")]).await[0];
    // Nobody who waits for the lease would see the end of this test.
    let settings = Settings { lease: Duration::from_secs(600), slots: 2, ..fixture.settings() };
    let worker = fixture.ready(&settings).await;
    fixture.starts(1).await;
    for (how, outcome, told) in [
        ("abort", Outcome::Error, "the child was ended by signal 6 (SIGABRT)"),
        ("segfault", Outcome::Error, "the child was ended by signal 11 (SIGSEGV)"),
        ("kill", Outcome::Error, "the child was ended by signal 9 (SIGKILL)"),
        ("exit", Outcome::Error, "the child exited with 3"),
        ("end", Outcome::Error, "the child ended without a result: "),
        ("panic", Outcome::Panic, "panicked: the probe panics at "),
        ("dead", Outcome::Error, "no such user"),
    ] {
        let id = fixture.enqueue([crash(how)]).await[0];
        let record = ended(&fixture, id).await;
        assert_eq!(record.state, State::Dead, "{how}");
        let (ended, error) = only_end(&record);
        assert!(ended == outcome && error.starts_with(told), "{how}: {ended:?} {error}");
        assert_eq!(record.losses, 0, "{how}: no worker was lost");
        let attempt = &record.history[0];
        let took = attempt.ended_at.zip(attempt.started_at).map(|(end, start)| end.since(start));
        println!("an attempt that ended by {how} took {:?}", took.unwrap_or_default());
    }
    assert_eq!(fixture.job(gate).await.state, State::Running);
    let retried = fixture.enqueue([crash("abort").max_attempts(2)]).await[0];
    let record = ended(&fixture, retried).await;
    assert_eq!((record.state, record.history.len()), (State::Dead, 2), "it is tried again");
    fixture.open_gate();
    assert_eq!(ended(&fixture, gate).await.state, State::Completed);
    let processes: Vec<u32> = fixture.started().iter().map(|start| start.process).collect();
    assert_eq!(processes[0], worker.pid());
    assert!(!processes[1..].contains(&worker.pid()), "each has a process of its own");
}

/// T36: a child that computes for ever is told, then killed, and nothing of it is left.
async fn a_child_that_hangs_is_ended_by_its_timeout(fixture: ProcessFixture) {
    let settings = Settings { timeout: Duration::from_secs(3), ..fixture.settings() };
    let _worker = fixture.ready(&settings).await;
    let id = fixture.enqueue([crash("spin")]).await[0];
    let child = fixture.starts(1).await[0].process;
    assert!(is_alive(child));
    assert_eq!(only_end(&ended(&fixture, id).await), (Outcome::Timeout, "ran longer than 3s"));
    gone(child).await;
}

/// T36: a child is told of a cancel, and what its handler makes of it counts.
async fn a_cancel_reaches_a_child(fixture: ProcessFixture) {
    let patient = Settings { abandon_after: Duration::from_secs(60), ..fixture.settings() };
    let _worker = fixture.ready(&patient).await;
    let told = fixture.enqueue([crash("told")]).await[0];
    let child = fixture.starts(1).await[0].process;
    fixture.store.cancel(&[told], "not wanted", Now::Database).await.expect("asked");
    let record = ended(&fixture, told).await;
    assert_eq!((record.state, record.reason.as_deref()), (State::Cancelled, Some("not wanted")));
    gone(child).await;
    // One that does not listen gets signals.
    let deaf = fixture.enqueue([crash("spin")]).await[0];
    let child = fixture.starts(2).await[1].process;
    fixture.store.cancel(&[deaf], "not wanted", Now::Database).await.expect("asked");
    assert_eq!(ended(&fixture, deaf).await.state, State::Cancelled);
    gone(child).await;
}

/// T36: a child comes to a safe point when its worker stops, and is handed back uncounted.
async fn a_stop_reaches_a_child(fixture: ProcessFixture) {
    let patient = Settings { grace: Duration::from_secs(60), ..fixture.settings() };
    let mut worker = fixture.ready(&patient).await;
    let id = fixture.enqueue([crash("safe")]).await[0];
    let child = fixture.starts(1).await[0].process;
    worker.terminate();
    assert_eq!(worker.ended().await, Some(0));
    let record = fixture.job(id).await;
    assert_eq!((record.state, record.failures), (State::Available, 0), "{record:?}");
    gone(child).await;
}

/// T36 at F-01: the child of a worker that is killed does not live on, and its job runs elsewhere.
async fn a_child_dies_with_its_worker(fixture: ProcessFixture) {
    let mut worker = fixture.ready(&fixture.settings()).await;
    let id = fixture.enqueue([crash("gate").max_attempts(2)]).await[0];
    let child = fixture.starts(1).await[0].process;
    assert!(is_alive(child));
    worker.kill().await;
    gone(child).await;
    let _other = fixture.ready(&fixture.settings()).await;
    fixture.starts(2).await;
    fixture.open_gate();
    assert_eq!(ended(&fixture, id).await.state, State::Completed);
}

/// T36: however much a child prints, all of it comes out, and it does not wait for a reader of its own.
async fn a_childs_output_is_handed_on(fixture: ProcessFixture) {
    let mut worker = fixture.ready(&fixture.settings()).await;
    let id = fixture.enqueue([crash("print")]).await[0];
    worker.says("printed").await;
    assert_eq!(ended(&fixture, id).await.state, State::Completed);
}

async fn ended(fixture: &ProcessFixture, id: JobId) -> JobRecord {
    eventually("it has ended", || async {
        Some(fixture.job(id).await).filter(|record| record.state.is_terminal())
    })
    .await
}

/// Whether a process runs: one that has ended and is not waited for yet does not.
fn is_alive(process: u32) -> bool {
    let about = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    about.rsplit(')').next().is_some_and(|rest| rest.starts_with(' ') && !rest.starts_with(" Z"))
}

async fn gone(process: u32) {
    eventually("the child is gone", || async { (!is_alive(process)).then_some(()) }).await;
}
