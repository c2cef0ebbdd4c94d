//! Lanes and limits that do not hold.

use windlass_core::id::JobId;
use windlass_core::job::{Lane, Limited};
use windlass_core::limit::{Limit, LimitOn, LimitStore, SetBy};
use windlass_testkit::database::{SqliteFile, run};
use windlass_testkit::draft::{KIND, job};
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::history::History;
use windlass_testkit::history::record::{Event, Record};
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;

use super::TwoWorkers;

/// I-O1, I-O3: two jobs of a lane that run at once, or out of order, and one too many of a key are found.
#[test]
fn jobs_that_do_not_stand_in_line_are_found() {
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::ForgetsLines), true)] {
        let history = run(SqliteFile::fresh(), |fixture| beside(fixture, sabotage));
        let verdict = Verdict::on(&history);
        for rule in ["I-O1", "I-O3"] {
            assert_eq!(verdict.breaks(rule), is_broken, "{rule}: {:?}", verdict.broken);
        }
    }
}

/// Jobs of one lane and of one key, claimed together as far as the store lets them.
async fn beside(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let in_lane = || job().lane(Lane::by("a")).done();
    let of_key = || job().limited(Limited::by("a").running(1)).done();
    workers.enqueue(vec![in_lane(), of_key()]).await;
    workers.enqueue(vec![in_lane(), of_key()]).await;
    let worker = workers.worker().await;
    for _ in 0..2 {
        let batch = workers.start(&worker, 9).await;
        workers.end(&worker, &batch).await;
    }
    workers.history().await
}

/// I-O3: more jobs than a limit says that was set at run time are found, once it is sure to be known.
#[test]
fn a_limit_that_was_set_and_does_not_hold_is_found() {
    const SEEN: u64 = 3_000_000_000;
    for (sabotage, is_broken) in [(None, false), (Some(Sabotage::ForgetsLimits), true)] {
        let mut history = run(SqliteFile::fresh(), |fixture| limited(fixture, sabotage));
        assert!(!Verdict::on(&history).breaks("I-O3"), "a claim may have been under way");
        let set = |record: &Record| matches!(record.event, Event::LimitSet { .. });
        let from = history.records.iter().position(set).expect("it was set") + 1;
        for record in &mut history.records[from..] {
            record.at += SEEN;
            if let Event::Claimed { asked, .. } | Event::Settled { asked, .. } = &mut record.event {
                *asked += SEEN;
            }
        }
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-O3"), is_broken, "{:?}", verdict.broken);
    }
}

/// Two jobs of a kind of which one may run.
async fn limited(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let limit = Limit::on(LimitOn::Kind(KIND.to_owned())).running(1);
    let now = workers.fixture.now();
    let set = workers.store.set_limit(&limit, SetBy::Person, None, now).await;
    set.expect("it reaches the store");
    workers.enqueue(vec![job().done(), job().done()]).await;
    let worker = workers.worker().await;
    for _ in 0..2 {
        let batch = workers.start(&worker, 9).await;
        workers.end(&worker, &batch).await;
    }
    workers.history().await
}

/// I-O1: a job of a lane that begins before one that was enqueued earlier is found.
#[test]
fn a_lane_out_of_order_is_found() {
    let mut history = run(SqliteFile::fresh(), |fixture| beside(fixture, None));
    let lanes = history.records.iter().filter_map(|record| match &record.event {
        Event::Enqueue { jobs, .. } => Some(jobs[0].job),
        _ => None,
    });
    let lanes: Vec<JobId> = lanes.collect();
    for record in &mut history.records {
        if let Event::Start { job, .. } = &mut record.event
            && let Some(at) = lanes.iter().position(|id| id == job)
        {
            *job = lanes[1 - at];
        }
    }
    assert!(Verdict::on(&history).breaks("I-O1"));
}
