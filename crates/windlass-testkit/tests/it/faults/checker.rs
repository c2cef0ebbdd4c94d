//! The history checker sees what it is there to see.
use std::sync::Arc;
use std::time::Duration;
use windlass_core::job::{
    Attempt, Batch, JobStore, Lane, Limited, NewJob, Outcome, Settled, State, Unique,
};
use windlass_core::limit::{Limit, LimitOn, LimitStore, SetBy};
use windlass_core::maintenance::MaintenanceStore;
use windlass_core::queue::{Pause, QueueStore, Scope};
use windlass_core::schedule::{self, Declared, Definition, Overlap, Owner, Schedule};
use windlass_core::worker::{Registration, WorkerStore};

use tempfile::TempDir;
use windlass_core::condition::{ConditionStore, Ends, Signal, Waits};
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::limits::{MAX_ATTEMPTS, MAX_LOSSES};
use windlass_core::store::Store;
use windlass_core::time::Timestamp;
use windlass_testkit::database::{PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::{KIND, job, jobs};
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::journal::Journal;
use windlass_testkit::history::record::{Event, Record, Taken};
use windlass_testkit::history::recorded::RecordedStore;
use windlass_testkit::history::sabotage::{Sabotage, SabotagedStore};
use windlass_testkit::history::verdict::Verdict;
use windlass_testkit::verdicts::complete;
use windlass_testkit::worker::{request, settlement, worker};

/// A sound store passes, on both.
#[test]
fn a_sound_store_is_acquitted() {
    for verdict in [run(SqliteFile::fresh(), sound), run(PostgresDatabase::fresh(), sound)] {
        println!("{verdict}");
        assert!(verdict.is_clean(), "{:?}", verdict.broken);
        assert_eq!((verdict.stale_refused, verdict.starts, verdict.completed), (1, 15, 14));
    }
}

/// I-D1, I-D2, I-D8, I-L1–I-L4, I-L7, I-L8, I-X2, I-X3, I-W1, I-W3: each sabotage is found under
/// its invariant's name.
#[test]
fn every_sabotage_is_convicted() {
    let cases = [
        (Sabotage::DropsAnAcknowledgedJob, "I-D1"),
        (Sabotage::AnswersBeforeTheCommit, "I-D1"),
        (Sabotage::NeverRescues, "I-D2"),
        (Sabotage::SplitsACall, "I-D8"),
        (Sabotage::RepeatsALease, "I-L1"),
        (Sabotage::RescuesTheLiving, "I-L2"),
        (Sabotage::AcceptsStaleEnds, "I-L3"),
        (Sabotage::RevivesTheEnded, "I-L4"),
        (Sabotage::WritesAnotherEnd, "I-L7"),
        (Sabotage::CountsTooLate, "I-L8"),
        (Sabotage::DeniesWhatItWrote, "I-X2"),
        (Sabotage::WritesAgain, "I-X2"),
        (Sabotage::ForgetsGivenIds, "I-X3"),
        (Sabotage::ForgetsPauses, "I-W3"),
    ];
    for (sabotage, invariant) in cases {
        let history = run(SqliteFile::fresh(), |fixture| live(fixture, Some(sabotage)));
        let verdict = Verdict::on(&history);
        assert!(verdict.breaks(invariant), "{sabotage:?}: {:?}", verdict.broken);
    }
    let history = run(SqliteFile::fresh(), |fixture| wait(fixture, Some(Sabotage::HidesWork)));
    let verdict = Verdict::on(&history);
    assert!(verdict.breaks("I-W1"), "{:?}", verdict.broken);
}

/// I-S1, I-S2: a schedule that fired twice for a due time, or for none, is found, and so is one that nobody looked after.
#[test]
fn a_schedule_that_fires_twice_or_never_is_found() {
    let sound = run(SqliteFile::fresh(), |fixture| schedules(fixture, None));
    let verdict = Verdict::on(&sound);
    assert!(!verdict.breaks("I-S1") && !verdict.breaks("I-S2"), "{:?}", verdict.broken);
    assert_eq!(sound.ended.len(), 5);
    for (sabotage, invariant) in [(Sabotage::FiresTwice, "I-S1"), (Sabotage::ForgetsToFire, "I-S2")]
    {
        let history = run(SqliteFile::fresh(), |fixture| schedules(fixture, Some(sabotage)));
        let verdict = Verdict::on(&history);
        assert!(verdict.breaks(invariant), "{sabotage:?}: {:?}", verdict.broken);
    }
    let mut left_alone = sound;
    left_alone.read_at =
        left_alone.read_at.map(|_| left_alone.schedules[0].from_at.after(10 * MINUTE));
    assert!(Verdict::on(&left_alone).breaks("I-S2"));
}

/// Five minutes of a schedule that is due each minute.
async fn schedules(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let minutely = Schedule::cron("* * * * *").expect("a line").overlap(Overlap::Allow);
    let definition = Definition::new(minutely, job().done()).expect("a definition");
    let (name, owner, by) = ("minutely".to_owned(), Owner::Code, "app".to_owned());
    let declared = [Declared { name, definition, owner, by }];
    let now = workers.fixture.now();
    schedule::declare(&workers.store, &declared, now).await.expect("it reaches the store");
    for _ in 0..6 {
        schedule::fire_due(&workers.store, workers.fixture.now())
            .await
            .expect("it reaches the store");
        workers.fixture.advance(MINUTE);
    }
    workers.history().await
}

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
    let events = [
        (claim, 1, claimed(claim, first, own, 1)),
        (claim, 1, start(own, 1)),
        (second(11), 0, Event::Crashed { began: crash }),
        (second(13), 1, Event::Renewed { worker: first, asked: second(12), lease: MINUTE, held }),
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

async fn sound(fixture: StoreFixture) -> Verdict {
    Verdict::on(&live(fixture, None).await)
}

/// A short life in which every rule but one has something to look at.
async fn live(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let given = job().given(JobId::new()).done();
    for call in [jobs(5).map(|job| job.done()).collect(), vec![given.clone()], vec![given]] {
        workers.enqueue(call).await;
    }
    workers.settle_twice().await;
    workers.be_late().await;
    workers.enqueue(jobs(2).map(|job| job.done()).collect()).await;
    workers.die_with_a_job().await;
    workers.work_side_by_side().await;
    workers
        .store
        .pause(&Pause::queue("default"), workers.fixture.now())
        .await
        .expect("it reaches the store");
    workers.enqueue(jobs(6).map(|job| job.done()).collect()).await;
    workers.work_off().await;
    workers
        .store
        .resume(&Scope::Queue("default".to_owned()), workers.fixture.now())
        .await
        .expect("it reaches the store");
    workers.work_off().await;
    workers.history().await
}

/// A life in which a worker waits, and one job comes: the rule about waking looks at nothing where
/// more goes on.
async fn wait(fixture: StoreFixture, sabotage: Option<Sabotage>) -> History {
    let workers = TwoWorkers::new(fixture, sabotage);
    let idle = workers.worker().await;
    workers.enqueue(vec![job().done()]).await;
    let batch = workers.start(&idle, 1).await;
    workers.end(&idle, &batch).await;
    workers.history().await
}

/// Workers on a store whose calls are written down.
struct TwoWorkers {
    fixture: StoreFixture,
    folder: TempDir,
    journal: Arc<Journal>,
    store: RecordedStore,
}

impl TwoWorkers {
    fn new(fixture: StoreFixture, sabotage: Option<Sabotage>) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let journal = Arc::new(Journal::open(folder.path()));
        let store = fixture.shared_store();
        let store: Arc<dyn Store> = match sabotage {
            None => store,
            Some(sabotage) => Arc::new(SabotagedStore::new(store, sabotage)),
        };
        let store = RecordedStore::new(store, Arc::clone(&journal));
        Self { fixture, folder, journal, store }
    }

    async fn history(&self) -> History {
        History::read(self.folder.path(), &self.store).await.expect("the store can be asked")
    }

    async fn enqueue(&self, call: Vec<NewJob>) {
        self.store.enqueue(&call, self.fixture.now()).await.expect("it reaches the store");
    }

    async fn signal(&self, key: &str) {
        let signal = Signal::new(key);
        self.store.signal(&signal, self.fixture.now()).await.expect("it reaches the store");
    }

    async fn worker(&self) -> Registration {
        let registration = worker().registration();
        self.store.register(&registration, self.fixture.now()).await.expect("it reaches the store");
        registration
    }

    async fn claim(&self, worker: &Registration, most: usize) -> Batch {
        let claim = request(worker, most);
        self.store.claim(&claim, self.fixture.now()).await.expect("it reaches the store")
    }

    /// Claims, and begins to run what that gave.
    async fn start(&self, worker: &Registration, most: usize) -> Batch {
        let batch = self.claim(worker, most).await;
        for job in &batch.jobs {
            let (job, attempt, worker) = (job.id, job.attempt, worker.label.clone());
            self.journal.note(Event::Start { job, attempt, lease: batch.lease, worker });
        }
        batch
    }

    fn note_ends(&self, batch: &Batch) {
        for job in &batch.jobs {
            self.journal.note(Event::End { job: job.id, attempt: job.attempt });
        }
    }

    async fn settle(&self, worker: &Registration, batch: &Batch) -> Option<Vec<Settled>> {
        let ends: Vec<_> =
            (0..batch.jobs.len()).map(|nth| settlement(batch, nth, complete())).collect();
        self.store.settle(worker.worker, &ends, self.fixture.now()).await.ok()
    }

    async fn end(&self, worker: &Registration, batch: &Batch) {
        self.note_ends(batch);
        self.settle(worker, batch).await.expect("it reaches the store");
    }

    /// Sends the end of a job again, as after a lost answer.
    async fn settle_twice(&self) {
        let doubtful = self.worker().await;
        let batch = self.start(&doubtful, 1).await;
        self.note_ends(&batch);
        // The first answer is the one that may get lost.
        let _ = self.settle(&doubtful, &batch).await;
        self.settle(&doubtful, &batch).await.expect("it reaches the store");
    }

    /// A worker ends a job, loses it to another, and only then sends its end.
    async fn be_late(&self) {
        let late = self.worker().await;
        let old = self.start(&late, 1).await;
        self.note_ends(&old);
        self.rescue().await;
        let next = self.worker().await;
        let new = self.start(&next, 100).await;
        let answers = self.settle(&late, &old).await;
        let answers = answers.expect("it reaches the store");
        assert!(matches!(answers[..], [Settled::Lost | Settled::Done]), "{answers:?}");
        self.end(&next, &new).await;
    }

    /// A worker claims a job and is never heard of again.
    async fn die_with_a_job(&self) {
        let dead = self.worker().await;
        self.claim(&dead, 1).await;
        self.rescue().await;
    }

    async fn rescue(&self) {
        self.fixture.advance(MINUTE);
        let sweeper = self.worker().await;
        let swept = self.store.sweep(sweeper.worker, self.fixture.now()).await;
        swept.expect("it reaches the store");
    }

    /// Two workers run what there is at the same time.
    async fn work_side_by_side(&self) {
        let (one, other) = (self.worker().await, self.worker().await);
        let first = self.start(&one, 1).await;
        let second = self.start(&other, 100).await;
        self.end(&other, &second).await;
        self.end(&one, &first).await;
    }

    /// A worker claims and completes all there is.
    async fn work_off(&self) {
        let worker = self.worker().await;
        let batch = self.start(&worker, 100).await;
        self.end(&worker, &batch).await;
    }
}
