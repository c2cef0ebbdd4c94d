//! Jobs that do not wait, and jobs that are forgotten.

use windlass_core::condition::{Ends, Waits};
use windlass_core::job::State;
use windlass_testkit::database::{SqliteFile, run};
use windlass_testkit::draft::job;
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;

use super::TwoWorkers;

/// I-Q1: a job that starts before what it waits for has come is found: the signal, and the other job.
#[test]
fn a_start_before_the_conditions_are_met_is_found() {
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::ForgetsConditions), true)] {
        for waits_for_a_signal in [true, false] {
            let verdict = run(SqliteFile::fresh(), |fixture| {
                too_early(fixture, (sabotage, waits_for_a_signal))
            });
            let verdict = Verdict::on(&verdict);
            assert_eq!(verdict.breaks("I-Q1"), is_broken, "{:?}", verdict.broken);
        }
    }
}

/// A job that waits for a signal, or for another job, and is claimed as soon as it can be.
async fn too_early(
    fixture: StoreFixture,
    (sabotage, waits_for_a_signal): (Option<Sabotage>, bool),
) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let first = job().priority(1).done();
    let waits = match waits_for_a_signal {
        true => Waits::all().signal("go", "go"),
        false => Waits::all().job_ended("first", first.id, Ends::ANY),
    };
    workers.enqueue(vec![first, job().waits(waits).done()]).await;
    let worker = workers.worker().await;
    for _ in 0..2 {
        let batch = workers.start(&worker, 1).await;
        workers.end(&worker, &batch).await;
        workers.signal("go").await;
    }
    workers.history().await
}

/// I-Q2: a job that waits at the end for what has come is found: a signal, and the end of another job.
#[test]
fn a_job_that_is_forgotten_is_found() {
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::ForgetsSignals), true)] {
        let history = run(SqliteFile::fresh(), |fixture| too_early(fixture, (sabotage, true)));
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-Q2"), is_broken, "{:?}", verdict.broken);
    }
    let mut history = run(SqliteFile::fresh(), |fixture| too_early(fixture, (None, false)));
    assert!(!Verdict::on(&history).breaks("I-Q2"));
    let waits = history.ended.iter_mut().find(|job| job.meta.waits.is_some());
    waits.expect("there is one").state = State::Waiting;
    let last = history.ended.iter().filter_map(|job| job.finished_at).max();
    history.read_at = last;
    assert!(!Verdict::on(&history).breaks("I-Q2"), "a sweep may tell it yet");
    history.read_at = last.map(|last| last.after(MINUTE));
    assert!(Verdict::on(&history).breaks("I-Q2"));
}
