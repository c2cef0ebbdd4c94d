//! The fixture of one test: a store on a database of its own, and a clock moved by hand.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use windlass_core::error::StoreError;
use windlass_core::id::JobId;
use windlass_core::job::{Cancelled, Enqueued, Filter, JobRecord, Moved, NewJob, Page, Retried};
use windlass_core::limits::LEASE;
use windlass_core::maintenance::{Swept, Tidied};
use windlass_core::store::{Now, Store};
use windlass_core::time::Timestamp;

use crate::database::Database;
use crate::draft::Draft;
use crate::line;
use crate::worker::{Profile, Worker, worker};

/// When every test begins. It is ahead of every real clock, so that a store that asks its own
/// clock instead of the moment it was given finds nothing due and nobody dead.
const START: Timestamp = Timestamp::from_micros(2_208_988_800_000_000);

/// One second.
pub const SECOND: Duration = Duration::from_secs(1);
/// One minute.
pub const MINUTE: Duration = Duration::from_secs(60);

/// A store, its database and a clock.
pub struct StoreFixture {
    store: Arc<dyn Store>,
    database: Arc<dyn Database>,
    clock: AtomicI64,
    enqueued: AtomicU64,
}

impl std::fmt::Debug for StoreFixture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreFixture").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl StoreFixture {
    /// A fixture on a fresh database.
    pub async fn on(database: Arc<dyn Database>) -> Self {
        let store = database.open().await.expect("a fresh database can be opened");
        let clock = AtomicI64::new(START.as_micros());
        Self { store, database, clock, enqueued: AtomicU64::new(0) }
    }

    /// The store under test.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The store under test, to be kept.
    #[must_use]
    pub fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The same database opened once more, as another process would.
    pub async fn another_store(&self) -> Arc<dyn Store> {
        self.database.open().await.expect("a database in use can be opened again")
    }

    /// The moment it is.
    #[must_use]
    pub fn moment(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::Relaxed))
    }

    /// The moment it is, as a store takes it.
    #[must_use]
    pub fn now(&self) -> Now {
        Now::At(self.moment())
    }

    /// Moves the clock.
    pub fn advance(&self, time: Duration) {
        self.clock.store(self.moment().after(time).as_micros(), Ordering::Relaxed);
    }

    /// Enqueues jobs in one call, all of them new.
    pub async fn enqueue(&self, drafts: impl IntoIterator<Item = Draft>) -> Vec<JobId> {
        let jobs: Vec<NewJob> = drafts.into_iter().map(Draft::done).collect();
        let answers = self.try_enqueue(&jobs).await.expect("an enqueue reaches the store");
        let is_new = |answer: &Enqueued| matches!(answer, Enqueued::New(_));
        assert!(answers.iter().all(is_new), "some were there already: {answers:?}");
        answers.into_iter().map(Enqueued::id).collect()
    }

    /// Enqueues one new job.
    pub async fn enqueue_one(&self, draft: Draft) -> JobId {
        self.enqueue([draft]).await[0]
    }

    /// Enqueues jobs that may be there already, or be refused.
    ///
    /// # Errors
    /// As the store's.
    pub async fn try_enqueue(&self, jobs: &[NewJob]) -> Result<Vec<Enqueued>, StoreError> {
        let answers = self.store.enqueue(jobs, self.now()).await?;
        let new = answers.iter().filter(|answer| matches!(answer, Enqueued::New(_))).count();
        self.enqueued.fetch_add(new as u64, Ordering::Relaxed);
        Ok(answers)
    }

    /// Registers an ordinary worker.
    pub async fn worker(&self) -> Worker<'_> {
        self.start(worker()).await
    }

    /// Registers a worker.
    pub async fn start(&self, profile: Profile) -> Worker<'_> {
        let registration = profile.registration();
        self.store.register(&registration, self.now()).await.expect("a worker can register");
        Worker::new(self, registration)
    }

    /// Lets every lease run out and has a new worker take back what was held.
    pub async fn rescue(&self) -> Swept {
        self.advance(LEASE + SECOND);
        let swept = self.worker().await.sweep().await;
        assert!(swept.leads, "nobody else is alive to lead");
        swept
    }

    /// Has a new worker make due jobs available.
    pub async fn promote(&self) -> Swept {
        self.advance(windlass_core::limits::LEADER_TTL);
        self.worker().await.sweep().await
    }

    /// One round of tidying.
    pub async fn tidy(&self) -> Tidied {
        self.store.tidy(self.now()).await.expect("tidying reaches the store")
    }

    /// Cancels one job, "not wanted".
    pub async fn cancel(&self, job: JobId) -> Cancelled {
        let answers = self.store.cancel(&[job], "not wanted", self.now()).await;
        answers.expect("a cancel reaches the store")[0]
    }

    /// Runs one job again.
    pub async fn retry(&self, job: JobId) -> Retried {
        self.store.retry(&[job], self.now()).await.expect("a retry reaches the store")[0]
    }

    /// Gives jobs to another queue.
    pub async fn move_to(&self, queue: &str, jobs: &[JobId]) -> Vec<Moved> {
        self.store.move_jobs(jobs, queue).await.expect("a move reaches the store")
    }

    /// One job, which must exist.
    pub async fn job(&self, id: JobId) -> JobRecord {
        self.store.job(id).await.expect("a job can be read").expect("the job exists")
    }

    /// The ids of the jobs that match, newest first.
    pub async fn find(&self, filter: &str) -> Vec<JobId> {
        let filter: Filter = filter.parse().expect("a test's filter is one");
        let page = Page { before: None, limit: 100_000 };
        let found = self.store.jobs(&filter, page).await.expect("jobs can be listed");
        found.into_iter().map(|record| record.id).collect()
    }

    /// Checks the numbers of jobs by state, as [`line::of_counts`] says them, and that they
    /// account for every job that was enqueued (S1).
    #[track_caller]
    pub fn check(&self, expected: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let counts = self.store.counts().await.expect("jobs can be counted");
            assert_eq!(line::of_counts(&counts), expected, "counts at {place}");
            let enqueued = self.enqueued.load(Ordering::Relaxed);
            assert_eq!(counts.total(), enqueued, "S1: jobs accounted for at {place}");
            assert!(counts.exact, "so few jobs are counted exactly, at {place}");
        }
    }

    /// Checks where one job stands, as [`line::of_job`] says it.
    #[track_caller]
    pub fn check_job(&self, id: JobId, expected: &str) -> impl Future<Output = ()> {
        let place = Location::caller();
        async move {
            let record = self.job(id).await;
            assert_eq!(line::of_job(&record, self.moment()), expected, "job at {place}");
        }
    }
}
