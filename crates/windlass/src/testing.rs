//! Tests of applications: a store of their own, jobs that run when they are told to, and a clock in the test's
//! hand. Feature `testing`, for `[dev-dependencies]`.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//! use windlass::prelude::*;
//! use windlass::testing::TestStore;
//!
//! #[derive(Serialize, Deserialize, Job)]
//! #[job(kind = "mail.welcome", queue = "mail")]
//! struct Welcome {
//!     user_id: i64,
//! }
//!
//! async fn welcome(job: Welcome, _cx: Context) -> Result<String, JobError> {
//!     Ok(format!("hello {}", job.user_id))
//! }
//!
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! let test = TestStore::new().await;
//! test.client().enqueue(Welcome { user_id: 42 }).await?;
//!
//! test.assert_enqueued::<Welcome>(json!({ "user_id": 42 })).await;
//! let worker = Worker::new(test.store(), ()).handle_fn(welcome);
//! assert_eq!(test.drain("mail", worker).await.completed(), 1);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # }).expect("it works");
//! ```
//!
//! `TestStore::new` is the embedded store, with the same statements and the same semantics as in production,
//! in a temporary file that is in memory where the system has a file system in memory: a test takes some
//! milliseconds. `TestStore::postgres` is a schema of its own in a database that is there, for tests of what
//! a program does in its own transactions.

mod clocked;
mod enqueued;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use windlass_core::client::Client;
use windlass_core::engine::{Ran, Worker};
use windlass_core::handler::Run;
use windlass_core::job::{IntoDraft, Job, JobError, JobRecord, Outcome};
use windlass_core::store::Store;
use windlass_core::time::Timestamp;

pub use clocked::Clock;
use clocked::ClockedStore;
pub use enqueued::{assert_enqueued, refute_enqueued};

/// How the queues begin of jobs that [`TestStore::run`] runs: they were not enqueued by the code under test.
const RUN_QUEUE: &str = "windlass.testing.run.";
/// After so many jobs one drain is taken for endless.
const MOST_RUNS: usize = 10_000;

/// A store for one test, gone with this value.
///
/// Everything here panics where it cannot do what it is asked: a test has failed then.
pub struct TestStore {
    store: Arc<dyn Store>,
    clock: Clock,
    tables: Tables,
}

/// Where its tables are; dropping it removes them.
enum Tables {
    #[cfg(feature = "sqlite")]
    File(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Schema(String),
}

impl Drop for Tables {
    fn drop(&mut self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::File(_) => {}
            #[cfg(feature = "postgres")]
            Self::Schema(url) => drop_schema(url),
        }
    }
}

/// Waits for the end, on a thread of its own: this may be called inside a runtime.
#[cfg(feature = "postgres")]
fn drop_schema(url: &str) {
    let url = url.to_owned();
    let dropped = std::thread::spawn(move || windlass_postgres::drop_test_schema(&url)).join();
    // A server that is gone by now has nothing that must be removed.
    if let Ok(Err(error)) = dropped {
        eprintln!("the schema of a test store is left behind: {error}");
    }
}

/// This store as it is by a clock of its own, which shows this moment: data as of earlier times are written through it.
#[must_use]
pub fn clocked(store: Arc<dyn Store>, moment: Timestamp) -> (Arc<dyn Store>, Clock) {
    let clock = Clock::at(moment);
    (Arc::new(ClockedStore::new(store, clock.clone())), clock)
}

impl TestStore {
    /// A fresh, empty store, embedded.
    #[cfg(feature = "sqlite")]
    pub async fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("windlass-test-").tempdir_in(memory());
        let folder = folder.expect("a temporary folder can be made");
        let url = format!("sqlite:{}?synchronous=normal", folder.path().join("jobs.db").display());
        Self::open(&url, Tables::File(folder)).await
    }

    /// A fresh, empty store in a schema of its own in this database, such as `postgres://me@localhost/app_test`.
    /// The client knows the schema, so that [`ClientExt::within`](crate::ClientExt::within) works on the
    /// program's own transactions.
    #[cfg(feature = "postgres")]
    pub async fn postgres(url: &str) -> Self {
        let id = windlass_core::id::WorkerId::new().to_string().to_lowercase();
        let mark = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{mark}schema={}{id}", windlass_postgres::TEST_SCHEMA);
        Self::open(&url, Tables::Schema(url.clone())).await
    }

    async fn open(url: &str, tables: Tables) -> Self {
        let clock = Clock::new();
        let store = match crate::open(url).await {
            Ok(store) => Arc::new(ClockedStore::new(store, clock.clone())),
            Err(error) => panic!("the test store cannot be opened: {error}"),
        };
        Self { store, clock, tables }
    }

    /// The store, for a [`Worker`] or a [`Client`] of the code under test.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// A client to it.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.store())
    }

    /// The file of an embedded store, for a driver's own connection and its transactions; `None` on PostgreSQL.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.tables {
            #[cfg(feature = "sqlite")]
            Tables::File(folder) => Some(folder.path().join("jobs.db")),
            #[cfg(feature = "postgres")]
            Tables::Schema(_) => None,
        }
    }

    /// The store's clock. It stands still until the test moves it.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Moves the clock on. What becomes due by it runs with the next [`TestStore::drain`].
    pub fn advance(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Runs this one job now, whenever it is due, and gives what its handler returned. The attempt is real: it can
    /// enqueue, finish in a transaction, and is settled. A panic is the test's own.
    pub async fn run<J: Run<App>, App: Send + Sync + 'static>(
        &self,
        job: impl IntoDraft<Payload = J>,
        app: App,
    ) -> Result<J::Output, JobError> {
        let queue = format!("{RUN_QUEUE}{}", windlass_core::id::JobId::new());
        let draft = job.into_draft().queue(&queue).delay(Duration::ZERO);
        self.client().enqueue(draft).await.expect("the job can be enqueued");
        let known =
            Worker::new(self.store(), NoApp).handle_fn(async |_: J, _| Ok::<_, JobError>(()));
        let worker = known.queue(queue, 1).inline().await.expect("a worker can be made");
        let ran = worker.run_as::<J, App>(app).await.expect("the job can be run");
        worker.leave().await.expect("the worker can leave");
        ran
    }

    /// Runs the jobs of a queue, one after the other, until none is due by the [clock](TestStore::clock): also those that they
    /// enqueue there, and those that fail and are due again. The worker is the application's own, not started.
    pub async fn drain<App: Send + Sync + 'static>(
        &self,
        queue: &str,
        worker: Worker<App>,
    ) -> Drained {
        let worker = worker.only_queue(queue).inline().await.expect("the worker makes sense");
        let mut ran = Vec::new();
        loop {
            let some = worker.run_next().await.expect("the store can be asked");
            if some.is_empty() {
                break;
            }
            ran.extend(some);
            assert!(ran.len() < MOST_RUNS, "{queue} had {MOST_RUNS} attempts and is not drained");
        }
        worker.leave().await.expect("the worker can leave");
        Drained { ran }
    }

    /// [`assert_enqueued`] on this store.
    pub async fn assert_enqueued<J: Job>(&self, args: impl serde::Serialize) -> JobRecord {
        assert_enqueued::<J>(&self.client(), args).await
    }

    /// [`refute_enqueued`] on this store.
    pub async fn refute_enqueued<J: Job>(&self, args: impl serde::Serialize) {
        refute_enqueued::<J>(&self.client(), args).await;
    }
}

/// Runs one job of this type, on a store of its own, and gives what its handler returned.
///
/// # Errors
/// The handler's.
#[cfg(feature = "sqlite")]
pub async fn run<J: Run<App>, App: Send + Sync + 'static>(
    job: impl IntoDraft<Payload = J>,
    app: App,
) -> Result<J::Output, JobError> {
    TestStore::new().await.run(job, app).await
}

/// What a drain ran.
#[derive(Debug)]
#[must_use = "a drain says what failed"]
pub struct Drained {
    ran: Vec<Ran>,
}

impl Drained {
    /// Every attempt, in the order they ran.
    #[must_use]
    pub fn attempts(&self) -> &[Ran] {
        &self.ran
    }

    /// How many jobs were completed.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.with(Outcome::Ok).count()
    }

    /// The attempts that failed: by an error, a timeout or a panic.
    #[must_use]
    pub fn failed(&self) -> Vec<&Ran> {
        self.ran.iter().filter(|ran| ran.outcome.counts_as_failure()).collect()
    }

    fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Ran> {
        self.ran.iter().filter(move |ran| ran.outcome == outcome)
    }
}

/// The worker of [`TestStore::run`] needs no application of its own.
struct NoApp;

#[cfg(feature = "sqlite")]
/// A folder in memory, where there is one.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    let is_writable = tempfile::tempfile_in(&shared).is_ok();
    if is_writable { shared } else { std::env::temp_dir() }
}
