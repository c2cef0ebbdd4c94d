//! The fixture of one test: a database, probes on it, and what they all wrote down.

use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use windlass_core::store::Now;

use tempfile::TempDir;
use windlass_core::id::JobId;
use windlass_core::job::{Counts, Enqueued, JobRecord, NewJob};
use windlass_core::store::Store;

use super::patience::eventually;
use super::process::Process;
use super::settings::Settings;
use crate::database::Database;
use crate::draft::Draft;
use crate::history::journal::Journal;
use crate::history::record::{Event, Record};
use crate::history::recorded::RecordedStore;
use crate::history::verdict::Verdict;
use crate::history::{self, History};

/// A database, a folder of records and the program that runs the jobs.
pub struct ProcessFixture {
    /// The store as a client has it; its calls are written down.
    pub store: Arc<dyn Store>,
    /// This process's records.
    pub journal: Arc<Journal>,
    database: Arc<dyn Database>,
    folder: TempDir,
    probe: PathBuf,
}

/// Plays a test on a database of its own.
///
/// # Panics
/// When the test does.
pub fn play<F: Future>(
    database: impl Database,
    probe: &str,
    test: impl FnOnce(ProcessFixture) -> F,
) {
    // Declared first, dropped last: after the runtime, and with it every connection, has ended.
    let database: Arc<dyn Database> = Arc::new(database);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(async {
        test(ProcessFixture::on(Arc::clone(&database), probe.into()).await).await;
    });
}

impl ProcessFixture {
    /// A fixture on a fresh database.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn on(database: Arc<dyn Database>, probe: PathBuf) -> Self {
        let store = database.open().await.expect("a fresh database can be opened");
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let journal = Arc::new(Journal::open(folder.path()));
        let store = Arc::new(RecordedStore::new(store, Arc::clone(&journal)));
        Self { store, journal, database, folder, probe }
    }

    /// The database opened once more, as another process would, with nothing written down.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn bare_store(&self) -> Arc<dyn Store> {
        self.database.open().await.expect("a database in use can be opened again")
    }

    /// A store of this process whose calls are written down.
    #[must_use]
    pub fn recorded(&self, store: Arc<dyn Store>) -> RecordedStore {
        RecordedStore::new(store, Arc::clone(&self.journal))
    }

    /// Settings of a probe on this database.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::new(self.database.url(), self.folder.path().to_owned())
    }

    /// Starts a probe and does not wait for it.
    #[must_use]
    pub fn start(&self, settings: &Settings) -> Process {
        Process::start(&self.probe, settings, Arc::clone(&self.journal))
    }

    /// Starts a probe and waits until it is ready.
    pub async fn ready(&self, settings: &Settings) -> Process {
        let mut process = self.start(settings);
        process.says("ready").await;
        process
    }

    /// Enqueues jobs in one call.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn enqueue(&self, drafts: impl IntoIterator<Item = Draft>) -> Vec<JobId> {
        let jobs: Vec<NewJob> = drafts.into_iter().map(Draft::done).collect();
        let answers =
            self.store.enqueue(&jobs, Now::Database).await.expect("an enqueue reaches the store");
        answers.into_iter().map(Enqueued::id).collect()
    }

    /// Lets every job of kind `gate` go on.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn open_gate(&self) {
        File::create(self.settings().gate()).expect("the records' folder can be written");
    }

    /// Waits until the numbers of jobs are as wanted; a store that does not answer, or only
    /// estimates, is asked again.
    pub async fn counts(&self, what: &str, is_so: impl Fn(&Counts) -> bool) -> Counts {
        let fits = |counts: &Counts| counts.exact && is_so(counts);
        let look = || async { self.store.counts().await.ok().filter(|counts| fits(counts)) };
        eventually(what, look).await
    }

    /// Waits until no job is left that could run, and judges the whole.
    pub async fn drained(&self) -> Counts {
        self.counts("every job has ended", |counts| counts.unfinished() == 0).await
    }

    /// Waits for a record that fits.
    pub async fn record<T>(&self, what: &str, fits: impl Fn(&Record) -> Option<T>) -> T {
        eventually(what, || async { self.records().iter().find_map(&fits) }).await
    }

    /// Waits until so many attempts have started in all.
    pub async fn starts(&self, number: usize) -> Vec<Start> {
        eventually(&format!("{number} starts"), || async {
            Some(self.started()).filter(|starts| starts.len() >= number)
        })
        .await
    }

    /// Every start so far, in order.
    #[must_use]
    pub fn started(&self) -> Vec<Start> {
        self.records().iter().filter_map(Start::of).collect()
    }

    /// What everybody has written down so far.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        history::records(self.folder())
    }

    /// The folder of records.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything, with the final state of each job.
    ///
    /// # Panics
    /// When the store cannot be asked.
    pub async fn history(&self) -> History {
        History::read(self.folder(), &*self.store).await.expect("the store can be asked")
    }

    /// Judges the whole and prints the numbers.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub async fn judge(&self) -> Verdict {
        let verdict = Verdict::on(&self.history().await);
        println!("{verdict}");
        assert!(verdict.is_clean(), "{verdict}\n{}", verdict.broken.join("\n"));
        verdict
    }

    /// One job, which must exist.
    ///
    /// # Panics
    /// When it does not.
    pub async fn job(&self, id: JobId) -> JobRecord {
        self.store.job(id).await.expect("a job can be read").expect("the job exists")
    }
}

/// Numbers of jobs that have not ended.
pub trait Unfinished {
    /// How many there are.
    fn unfinished(&self) -> u64;
}

impl Unfinished for Counts {
    fn unfinished(&self) -> u64 {
        let open = windlass_core::job::State::ALL.into_iter().filter(|state| !state.is_terminal());
        open.map(|state| self.of(state)).sum()
    }
}

/// The start of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// When, by the machine's clock.
    pub at: u64,
    /// In which process.
    pub process: u32,
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub attempt: u32,
}

impl Start {
    fn of(record: &Record) -> Option<Self> {
        match record.event {
            Event::Start { job, attempt, .. } => {
                Some(Self { at: record.at, process: record.process, job, attempt })
            }
            _ => None,
        }
    }
}
