//! Jobs that are lost, come from nowhere, start late, too late or uncounted, and keys that two of them hold.

use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{State, Unique};
use windlass_core::limits::{MAX_ATTEMPTS, MAX_LOSSES};
use windlass_core::time::Timestamp;
use windlass_testkit::database::{SqliteFile, run};
use windlass_testkit::draft::job;
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::record::{Event, Record};
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;

use super::{TwoWorkers, live, wait};

/// I-W1: what is noticed at once is, and what is noticed after a poll's time is not.
#[test]
fn late_work_is_found() {
    const LATE: u64 = 4_000_000_000;
    let mut history = run(SqliteFile::fresh(), |fixture| wait(fixture, None));
    let verdict = Verdict::on(&history);
    assert!(verdict.is_clean() && verdict.longest_wake.1 == 1, "{verdict}");
    let claim = |record: &Record| matches!(record.event, Event::Claimed { .. });
    let from = history.records.iter().position(claim).expect("it was claimed");
    history.records[from..].iter_mut().for_each(|record| record.at += LATE);
    assert!(Verdict::on(&history).breaks("I-W1"));
}

/// I-L8: a start that nobody claimed, and counts beyond their limits, are found.
#[test]
fn uncounted_attempts_are_found() {
    let history = run(SqliteFile::fresh(), |fixture| live(fixture, None));
    let is_claim = |record: &Record| matches!(record.event, Event::Claimed { .. });
    let mut unclaimed = history.clone();
    let at = unclaimed.records.iter().position(is_claim).expect("something was claimed");
    unclaimed.records.remove(at);
    let (mut failed, mut lost, mut behind) = (history.clone(), history.clone(), history);
    failed.ended[0].failures = u32::from(MAX_ATTEMPTS) + 1;
    lost.ended[0].losses = MAX_LOSSES + 1;
    behind.ended.iter_mut().for_each(|job| job.attempt = 0);
    for (nth, history) in [unclaimed, failed, lost, behind].iter().enumerate() {
        let verdict = Verdict::on(history);
        assert!(verdict.breaks("I-L8"), "{nth}: {:?}", verdict.broken);
    }
}

/// I-D2: a job that nobody promoted when it was due is found; one that is due later may wait.
#[test]
fn a_due_job_that_was_never_promoted_is_found() {
    let mut history = run(SqliteFile::fresh(), |fixture| live(fixture, None));
    let read_at = history.read_at.expect("it was read").as_micros();
    let minute = i64::try_from(MINUTE.as_micros()).expect("it fits");
    history.ended[0].state = State::Scheduled;
    for (run_at, is_found) in [(read_at - minute, true), (read_at + minute, false)] {
        history.ended[0].run_at = Timestamp::from_micros(run_at);
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-D2"), is_found, "{:?}", verdict.broken);
    }
}

/// I-D1, I-D3: a row that vanishes is missed, and one that nobody wanted is noticed.
#[test]
fn a_vanished_row_and_a_phantom_are_found() {
    let history = run(SqliteFile::fresh(), |fixture| live(fixture, None));
    for at in 0..history.ended.len() {
        let mut history = history.clone();
        history.ended.swap_remove(at);
        assert!(Verdict::on(&history).breaks("I-D1"));
    }
    let mut history = history;
    history.ended[0].id = JobId::new();
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("I-D1") && verdict.breaks("I-D3"), "{:?}", verdict.broken);
    assert_eq!((verdict.lost, verdict.phantom), (1, 1));
}

/// I-U1: two jobs that hold one key are found, and a second one that was not written is not.
#[test]
fn two_holders_of_a_key_are_found() {
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::ForgetsKeys), true)] {
        let history = run(SqliteFile::fresh(), |fixture| twice(fixture, sabotage));
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-U1"), is_broken, "{:?}", verdict.broken);
        assert!(!verdict.breaks("I-D1") && !verdict.breaks("I-D8"), "{:?}", verdict.broken);
    }
}

/// Two jobs with one key.
async fn twice(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    for _ in 0..2 {
        workers.enqueue(vec![job().unique(Unique::by("a")).done(), job().done()]).await;
    }
    workers.history().await
}

/// I-W7: a job that is claimed after it has expired is found.
#[test]
fn a_start_of_an_expired_job_is_found() {
    const LATER: u64 = 1_000_000_000;
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::ForgetsExpiry), true)] {
        let mut history = run(SqliteFile::fresh(), |fixture| too_late(fixture, sabotage));
        // The journal's clock is a real one, and nobody waited.
        for record in &mut history.records {
            if let Event::Claimed { asked, .. } = &mut record.event {
                *asked += LATER;
            }
        }
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-W7"), is_broken, "{:?}", verdict.broken);
    }
}

/// A job that is claimed when its time is over, and one that expires later.
async fn too_late(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let moment = Duration::from_millis(1);
    workers.enqueue(vec![job().expires_in(moment).done(), job().expires_in(MINUTE).done()]).await;
    workers.fixture.advance(moment);
    let worker = workers.worker().await;
    let batch = workers.start(&worker, 9).await;
    workers.end(&worker, &batch).await;
    workers.history().await
}
