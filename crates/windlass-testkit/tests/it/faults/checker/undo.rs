//! Workflows that are undone too early, in the wrong order, twice or not at all.

use windlass_core::batch::{IntoBatch, Step, Workflow};
use windlass_core::id::JobId;
use windlass_core::job::State;
use windlass_testkit::database::{PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::job;
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::history::History;
use windlass_testkit::history::record::{Event, Record, Wanted};
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;

use super::TwoWorkers;

/// I-B4: a workflow that failed at its last step is undone, on both stores; where nothing waits for anything, the checker sees it.
#[test]
fn a_workflow_that_is_undone_too_early_is_found() {
    for history in [
        run(SqliteFile::fresh(), |fixture| failed(fixture, None)),
        run(PostgresDatabase::fresh(), |fixture| failed(fixture, None)),
    ] {
        let verdict = Verdict::on(&history);
        assert!(verdict.is_clean() && verdict.undone == 2, "{verdict}: {:?}", verdict.broken);
    }
    let sabotage = Some(Sabotage::ForgetsConditions);
    let history = run(SqliteFile::fresh(), |fixture| failed(fixture, sabotage));
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("I-B4"), "{:?}", verdict.broken);
}

/// I-B4: a step is undone that was not done, or though nothing has failed; twice; or before one behind it.
#[test]
fn what_is_undone_wrongly_is_found() {
    let sound = run(SqliteFile::fresh(), |fixture| failed(fixture, None));
    let [a, c] = ["a", "c"].map(|step| find(&sound, (step, false)));
    let [undo_a, undo_b] = ["a", "b"].map(|step| find(&sound, (step, true)));
    let (mut not_done, mut not_failed, mut twice, mut turned) =
        (sound.clone(), sound.clone(), sound.clone(), sound);
    end(&mut not_done, a, State::Dead);
    end(&mut not_failed, c, State::Completed);
    wanted(&mut twice).filter(|one| one.job == undo_b).for_each(|one| {
        one.in_batch.as_mut().expect("it is in a batch").step = Some("a".to_owned());
    });
    turned.records.iter_mut().for_each(|record| turn(record, (undo_a, undo_b)));
    for (history, case) in [
        (not_done, "undid a, which was not done"),
        (not_failed, "undid a, though nothing had failed"),
        (twice, &format!("undid a, as {undo_b} did")),
        (turned, "undid a before b"),
    ] {
        let verdict = Verdict::on(&history);
        let is_found = |told: &String| told.starts_with("I-B4") && told.ends_with(case);
        assert!(verdict.broken.iter().any(is_found), "{case}: {:?}", verdict.broken);
    }
}

/// I-B4: a step that was done and is not undone is found, unless somebody cancelled what undoes it.
#[test]
fn what_is_not_undone_is_found() {
    let mut history = run(SqliteFile::fresh(), |fixture| failed(fixture, None));
    let undo = find(&history, ("a", true));
    history
        .records
        .retain(|record| !matches!(&record.event, Event::Start { job, .. } if *job == undo));
    assert!(!Verdict::on(&history).breaks("I-B4"), "it may be dead without a start");
    end(&mut history, undo, State::Cancelled);
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("I-B4"), "{:?}", verdict.broken);
    let mut asked = history.records[0].clone();
    asked.event = Event::CancelAsked { jobs: vec![undo] };
    history.records.push(asked);
    assert!(!Verdict::on(&history).breaks("I-B4"), "somebody cancelled it");
}

/// Three steps, of which the last one dies.
async fn failed(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let step = |name: &str| Step::new(name, job().done()).undo(job().priority(-1).done());
    let flow = Workflow::new("flow").step(step("a")).step(step("b").after(["a"]));
    let (_, jobs) = flow.step(step("c").after(["b"])).into_batch().expect("a workflow");
    let last = jobs[2].id;
    workers.enqueue(jobs).await;
    workers.run_all(&[last]).await;
    workers.history().await
}

fn wanted(history: &mut History) -> impl Iterator<Item = &mut Wanted> {
    history.records.iter_mut().flat_map(|record| match &mut record.event {
        Event::Enqueue { jobs, .. } => jobs.as_mut_slice(),
        _ => &mut [],
    })
}

/// The job of a step, or the one that undoes it, which waits for a batch.
fn find(history: &History, (step, undoes): (&str, bool)) -> JobId {
    let mut history = history.clone();
    let of_step = |one: &&mut Wanted| {
        let name = one.in_batch.as_ref().and_then(|in_batch| in_batch.step.as_deref());
        name == Some(step) && one.after_batches.is_empty() != undoes
    };
    wanted(&mut history).find(of_step).expect("it was written").job
}

fn end(history: &mut History, job: JobId, state: State) {
    let ended = history.ended.iter_mut().filter(|ended| ended.id == job);
    ended.for_each(|ended| ended.state = state);
}

/// What happened to one job happened to the other.
fn turn(record: &mut Record, (one, other): (JobId, JobId)) {
    let turned = |job: &mut JobId| match *job {
        job_id if job_id == one => *job = other,
        job_id if job_id == other => *job = one,
        _ => {}
    };
    match &mut record.event {
        Event::Start { job, .. } | Event::End { job, .. } | Event::Settled { job, .. } => {
            turned(job)
        }
        Event::Claimed { jobs, .. } => jobs.iter_mut().for_each(|taken| turned(&mut taken.job)),
        _ => {}
    }
}
