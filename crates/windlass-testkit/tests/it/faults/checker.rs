//! The history checker sees what it is there to see.

mod batches;
mod conditions;
mod crashes;
mod events;
mod jobs;
mod lines;
mod schedules;
mod steps;
mod undo;

use std::sync::Arc;
use windlass_core::job::{Batch, JobStore, NewJob, Settled, Verdict as End};
use windlass_core::maintenance::MaintenanceStore;
use windlass_core::queue::{Pause, QueueStore, Scope};
use windlass_core::worker::{Registration, WorkerStore};

use tempfile::TempDir;
use windlass_core::condition::{ConditionStore, Signal};
use windlass_core::id::JobId;
use windlass_core::store::Store;
use windlass_testkit::database::{PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::History;
use windlass_testkit::history::journal::Journal;
use windlass_testkit::history::record::Event;
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
        self.settle_with(worker, batch, &complete()).await
    }

    async fn settle_with(
        &self,
        worker: &Registration,
        batch: &Batch,
        end: &End,
    ) -> Option<Vec<Settled>> {
        let ends: Vec<_> =
            (0..batch.jobs.len()).map(|nth| settlement(batch, nth, end.clone())).collect();
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
