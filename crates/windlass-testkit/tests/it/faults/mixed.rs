//! A thousand jobs that end in every way there is.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use windlass_core::id::JobId;
use windlass_core::job::{JobRecord, Outcome, State};
use windlass_testkit::draft::{Draft, job};
use windlass_testkit::fault::process_fixture::{ProcessFixture, Unfinished};
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::history::record::Event;

use super::on_both_stores;

on_both_stores! { every_end_is_told_and_the_totals_match }

/// Jobs of the run.
const JOBS: usize = 1_000;
/// Of these, the ones that kill every worker they get. One: what runs beside several of them can be lost
/// three times by chance.
const POISON: usize = 1;
/// The queue of a worker that nobody kills. Its jobs count their attempts, and a worker's death
/// would be one of them.
const SPARED: &str = "spared";

/// How long a hanging job is let. The others have all the time that a loaded machine may need.
const HANGS: Duration = Duration::from_millis(300);

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Completes,
    CompletesAfterFailures(u32),
    FailsForGood,
    Panics,
    Hangs,
    Kills,
}

impl Fate {
    fn of(nth: usize, random: &mut Rng) -> Self {
        match random.u8(..20) {
            _ if nth < POISON => Self::Kills,
            0..4 => Self::CompletesAfterFailures(random.u32(1..=3)),
            4..6 => Self::FailsForGood,
            6 => Self::Panics,
            7 => Self::Hangs,
            _ => Self::Completes,
        }
    }

    fn draft(self) -> Draft {
        match self {
            Self::Completes => job().kind("ledger"),
            Self::CompletesAfterFailures(times) => {
                job().kind("fail").queue(SPARED).args(&times.to_string())
            }
            Self::FailsForGood => job().kind("failalways").queue(SPARED).max_attempts(2),
            Self::Panics => job().kind("panic").queue(SPARED).max_attempts(1),
            Self::Hangs => job().kind("hang").queue(SPARED).max_attempts(1).timeout(HANGS),
            Self::Kills => job().kind("kill"),
        }
    }

    /// The state it ends in, and the outcomes that count against it, in any order.
    fn end(self) -> (State, Vec<Outcome>) {
        match self {
            Self::Completes => (State::Completed, Vec::new()),
            Self::CompletesAfterFailures(times) => {
                (State::Completed, vec![Outcome::Error; times as usize])
            }
            Self::FailsForGood => (State::Dead, vec![Outcome::Error; 2]),
            Self::Panics => (State::Dead, vec![Outcome::Panic]),
            Self::Hangs => (State::Dead, vec![Outcome::Timeout]),
            Self::Kills => (State::Dead, vec![Outcome::Lost; 3]),
        }
    }
}

/// O23: S1–S5 over a random mix of ok, failing, panicking, hanging and killing jobs; the totals by
/// end are those of the mix. `WINDLASS_SEED` repeats it.
async fn every_end_is_told_and_the_totals_match(fixture: ProcessFixture) {
    let seed = std::env::var("WINDLASS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("WINDLASS_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let mut fates: Vec<Fate> = (0..JOBS).map(|nth| Fate::of(nth, &mut random)).collect();
    random.shuffle(&mut fates);
    let ids = fixture.enqueue(fates.iter().map(|fate| fate.draft())).await;
    work_off(&fixture).await;
    let history = fixture.history().await;
    let records: BTreeMap<JobId, &JobRecord> =
        history.ended.iter().map(|record| (record.id, record)).collect();
    assert_eq!(records.len(), JOBS, "S1: every job is there once");
    let mut totals: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (id, fate) in ids.iter().zip(&fates) {
        let record = records[id];
        check_end(record, *fate);
        totals.entry(reason_of(record)).or_default()[0] += 1;
        totals.entry(expected_reason(*fate)).or_default()[1] += 1;
    }
    println!("{totals:?}");
    assert!(totals.values().all(|[found, meant]| found == meant), "{totals:?}");
    check_starts(&fixture, &records);
    fixture.judge().await;
}

/// Starts workers again until every job has ended.
async fn work_off(fixture: &ProcessFixture) {
    let settings = Settings { slots: 20, ..fixture.settings() };
    let spared = Settings { queues: vec![SPARED.to_owned()], ..settings.clone() };
    let _spared = fixture.start(&spared);
    let mut deaths = 0;
    loop {
        let mut worker = fixture.start(&settings);
        tokio::select! {
            code = worker.ended() => {
                assert_eq!(code, None, "killed by a signal");
                worker.note_death();
                deaths += 1;
            }
            counts = fixture.counts("all have ended", |counts| counts.unfinished() == 0) => {
                assert_eq!(counts.total(), JOBS as u64, "S1");
                assert_eq!(counts.of(State::Running), 0, "S2");
                break;
            }
        }
    }
    // Two that are beside each other may share a death.
    assert!((3..=3 * POISON).contains(&deaths), "{deaths}");
}

/// S3, S5: the end its fate meant, every attempt with its worker and its error, and why.
fn check_end(record: &JobRecord, fate: Fate) {
    let (state, mut meant) = fate.end();
    assert_eq!(record.state, state, "{fate:?}: {record:?}");
    let counted = |outcome: &Outcome| *outcome != Outcome::Ok && *outcome != Outcome::Released;
    let mut found: Vec<Outcome> =
        record.history.iter().map(|attempt| attempt.outcome).filter(counted).collect();
    // An innocent job may have been beside a poisonous one.
    if fate != Fate::Kills {
        let before = found.len();
        found.retain(|outcome| *outcome != Outcome::Lost);
        assert_eq!(before - found.len(), usize::from(record.losses), "S3: {record:?}");
    }
    found.sort_by_key(|outcome| outcome.word());
    meant.sort_by_key(|outcome| outcome.word());
    assert_eq!(found, meant, "{fate:?}: {record:?}");
    for attempt in &record.history {
        assert!(!attempt.worker.is_empty() && attempt.ended_at.is_some(), "S5: {attempt:?}");
        let has_to_say = attempt.outcome.counts_as_failure() && attempt.outcome != Outcome::Lost;
        assert!(attempt.error.is_some() || !has_to_say, "S5: {attempt:?}");
    }
    assert_eq!(record.reason.is_some(), state == State::Dead, "S5: {record:?}");
}

/// S3, S4: every attempt that started has an end on record, and what completed has run whole.
fn check_starts(fixture: &ProcessFixture, records: &BTreeMap<JobId, &JobRecord>) {
    for start in fixture.started() {
        let record = records[&start.job];
        let is_told = record.history.iter().any(|attempt| attempt.attempt == start.attempt);
        let is_last = record.state == State::Completed && record.attempt == start.attempt;
        assert!(is_told || is_last, "S3: attempt {} of {record:?}", start.attempt);
    }
    let ended = |record: &windlass_testkit::history::record::Record| match record.event {
        Event::End { job, attempt } => Some((job, attempt)),
        _ => None,
    };
    let runs: std::collections::HashSet<(JobId, u32)> =
        fixture.records().iter().filter_map(ended).collect();
    let completed = records.values().filter(|record| record.state == State::Completed);
    for record in completed {
        assert!(runs.contains(&(record.id, record.attempt)), "S4: {record:?}");
    }
}

/// What a person is told of the end.
fn reason_of(record: &JobRecord) -> String {
    match &record.reason {
        Some(reason) => reason.clone(),
        None => record.state.to_string(),
    }
}

fn expected_reason(fate: Fate) -> String {
    match fate {
        Fate::Completes | Fate::CompletesAfterFailures(_) => "completed".to_owned(),
        Fate::FailsForGood => "gave up after 2 failed attempts".to_owned(),
        Fate::Panics | Fate::Hangs => "gave up after 1 failed attempt".to_owned(),
        Fate::Kills => "lost 3 times".to_owned(),
    }
}
