//! What a crash of the database undoes, and who ended a job whose worker got no answer.

use std::time::Duration;

use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{Attempt, Outcome};
use windlass_testkit::database::{SqliteFile, run};
use windlass_testkit::fixture::MINUTE;
use windlass_testkit::history::History;
use windlass_testkit::history::record::{Event, Record, Taken};
use windlass_testkit::history::sabotage::Sabotage;
use windlass_testkit::history::verdict::Verdict;

use super::live;

/// I-L2: a claim that a crash may have undone gives no lease any more; one that was on the disk before, or
/// that its worker found in the store since, does.
#[test]
fn a_claim_that_a_crash_undid_gives_no_lease() {
    let (moment, longer) = (Duration::from_millis(500), Duration::from_secs(3));
    for (before, is_found, is_broken) in
        [(moment, false, false), (moment, true, true), (longer, false, true)]
    {
        let verdict = Verdict::on(&crashed_between(before, is_found));
        assert_eq!(verdict.breaks("I-L2"), is_broken, "{before:?}: {:?}", verdict.broken);
    }
}

/// I-L2: a claim that was sent before a crash may be undone by it, however late its answer is read.
#[test]
fn a_claim_whose_answer_is_read_after_a_crash_may_be_undone() {
    const LATE: u64 = 500_000_000;
    for (asked_after_the_crash, is_broken) in [(false, false), (true, true)] {
        let mut history = crashed_between(Duration::from_millis(100), false);
        let over = history.records[2].at;
        history.records[..2].iter_mut().for_each(|record| record.at = over + LATE);
        if let Event::Claimed { asked, .. } = &mut history.records[0].event
            && asked_after_the_crash
        {
            *asked = over + 1;
        }
        history.records.sort_by_key(|record| record.at);
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-L2"), is_broken, "{:?}", verdict.broken);
    }
}

/// I-L1: an attempt whose claim a crash undid has its number again, also where its handler only starts after the crash.
#[test]
fn what_was_claimed_before_a_crash_may_start_after_it() {
    const LATE: u64 = 2_500_000_000;
    for (has_crashed, later) in [(true, 0), (true, LATE), (false, 0)] {
        let mut history = crashed_between(Duration::from_millis(100), false);
        let over = history.records[2].at;
        history.records[1].at = over + 1 + later;
        for record in &mut history.records {
            match &mut record.event {
                Event::Claimed { jobs, .. } => jobs[0].attempt = 1,
                Event::Start { attempt, .. } => *attempt = 1,
                _ => {}
            }
        }
        history.records.retain(|r| has_crashed || !matches!(r.event, Event::Crashed { .. }));
        history.records.sort_by_key(|record| record.at);
        let verdict = Verdict::on(&history);
        let is_twice = verdict.broken.iter().any(|case| case.contains("starts twice"));
        assert_eq!(is_twice, !has_crashed, "{later}: {:?}", verdict.broken);
    }
}

/// I-L2: a worker that renews its lease though its session has ended may be taken for dead, until its session stands again.
#[test]
fn a_renewal_without_a_session_proves_no_lease() {
    for stands in [false, true] {
        let mut history = crashed_between(Duration::from_secs(3), false);
        for record in &mut history.records {
            if let Event::Renewed { hears, .. } = &mut record.event {
                *hears = stands;
            }
        }
        let verdict = Verdict::on(&history);
        assert_eq!(verdict.breaks("I-L2"), stands, "{:?}", verdict.broken);
    }
}

/// One worker claims a job so long before the server crashes, and goes on running it, with or without finding its
/// lease in the store; another worker runs it too.
fn crashed_between(before: Duration, is_found: bool) -> History {
    let second = |seconds: u64| seconds * 1_000_000_000;
    let crash = second(10);
    let claim = crash - u64::try_from(before.as_nanos()).expect("it fits");
    let job = JobId::new();
    let (first, other) = (WorkerId::new(), WorkerId::new());
    let [own, again] = [LeaseId::new(), LeaseId::new()];
    let claimed = |asked, worker, lease, attempt| Event::Claimed {
        asked,
        worker,
        lease,
        jobs: vec![Taken { job, attempt, queue: "default".to_owned() }],
    };
    let start = |lease, attempt| Event::Start { job, attempt, lease, worker: String::new() };
    let held = if is_found { vec![own] } else { Vec::new() };
    let renewed =
        Event::Renewed { worker: first, asked: second(12), lease: MINUTE, held, hears: true };
    let events = [
        (claim, 1, claimed(claim, first, own, 1)),
        (claim, 1, start(own, 1)),
        (second(11), 0, Event::Crashed { began: crash }),
        (second(13), 1, renewed),
        (second(14), 2, claimed(second(14), other, again, 2)),
        (second(14), 2, start(again, 2)),
    ];
    let record = |(at, process, event)| Record { at, process, event };
    History { records: events.into_iter().map(record).collect(), ..History::default() }
}

/// I-X2: a job that the leader ended was not ended by the worker whose answer was lost, although its
/// attempt is the same.
#[test]
fn an_end_of_the_leaders_is_no_denial() {
    let sabotage = Some(Sabotage::DeniesWhatItWrote);
    let mut history = run(SqliteFile::fresh(), |fixture| live(fixture, sabotage));
    assert!(Verdict::on(&history).breaks("I-X2"));
    for ended in &mut history.ended {
        let (attempt, worker) = (ended.attempt, String::new());
        let (outcome, started_at, ended_at, error) = (Outcome::Lost, None, None, None);
        ended.history.push(Attempt { attempt, outcome, worker, started_at, ended_at, error });
    }
    let verdict = Verdict::on(&history);
    assert!(!verdict.breaks("I-X2"), "{:?}", verdict.broken);
}

/// I-X2: an attempt that was given to another, since a crash undid its claim, was not ended by the worker
/// whose answer was lost.
#[test]
fn an_end_of_another_claim_is_no_denial() {
    let sabotage = Some(Sabotage::DeniesWhatItWrote);
    let mut history = run(SqliteFile::fresh(), |fixture| live(fixture, sabotage));
    let again: Vec<Record> = history.records.iter().filter_map(under_another_lease).collect();
    history.records.extend(again);
    assert!(Verdict::on(&history).breaks("I-X2"), "nothing was undone");
    let (first, last) = (history.records[0].at, history.records.last().map_or(0, |last| last.at));
    let event = Event::Crashed { began: first };
    history.records.push(Record { at: last, process: 0, event });
    let verdict = Verdict::on(&history);
    assert!(!verdict.breaks("I-X2"), "{:?}", verdict.broken);
}

/// The same claim, made once more.
fn under_another_lease(record: &Record) -> Option<Record> {
    let mut again = record.clone();
    let Event::Claimed { lease, .. } = &mut again.event else { return None };
    *lease = LeaseId::new();
    Some(again)
}
