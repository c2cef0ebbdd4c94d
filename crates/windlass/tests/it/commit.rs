//! The caller's own commit is all that a job needs.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::Arc;

use windlass::prelude::*;
use windlass::{EnqueueLayer, NewJob, State, StoreError};

use crate::engine::worker;
use crate::probes::{Okay, StoreFixture};
use crate::test_database::{Connection, TestDatabase, connect_to, ended, on_both_stores};

on_both_stores! {
    /// T2: the process dies right behind its commit, with nothing of ours in it that could have run
    /// afterwards; the job that was in the transaction runs.
    a_job_runs_though_its_caller_died_behind_the_commit;
    /// T2: what a layer says against a job reaches the caller, who may commit what was written before;
    /// that runs.
    a_layers_error_surfaces_and_the_committed_job_runs;
}

/// Tells a process that it is the caller, and of which store.
const CALLER: &str = "WINDLASS_TEST_CALLER";
/// The signal by which a process ends that aborts.
const SIGABRT: i32 = 6;

/// A transaction of the caller's, through a driver.
enum Driver {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Connection>),
}

impl Driver {
    async fn to(url: &str) -> Self {
        match url.strip_prefix("sqlite:") {
            Some(path) => Self::Sqlite(rusqlite::Connection::open(path).expect("opened")),
            None => Self::Postgres(Box::new(connect_to(url).await)),
        }
    }

    /// On SQLite one that is deferred fails, unasked for, when the worker writes before it.
    async fn begin(&self) {
        self.execute(if matches!(self, Self::Sqlite(_)) { "begin immediate" } else { "begin" })
            .await;
    }

    async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).expect("done"),
            Self::Postgres(connection) => connection.client.batch_execute(sql).await.expect("done"),
        }
    }

    async fn enqueue(&self, client: &Client, job: Okay) -> Result<JobId, StoreError> {
        let enqueued = match self {
            Self::Sqlite(connection) => client.within(connection).enqueue_blocking(job),
            Self::Postgres(connection) => client.within(&connection.client).enqueue(job).await,
        };
        enqueued.map(windlass::Enqueued::id)
    }
}

/// Not a test of its own but the process that the one below starts: it commits and is gone.
#[tokio::test]
async fn caller() {
    let Ok(url) = std::env::var(CALLER) else { return };
    let client = Client::new(windlass::open(&url).await.expect("opened"));
    match Driver::to(&url).await {
        Driver::Sqlite(mut connection) => {
            let tx = connection.transaction().expect("begun");
            tx.execute("insert into own (number) values (7)", []).expect("written");
            client.within(&tx).enqueue_blocking(Okay { number: 7 }).expect("written");
            tx.commit().expect("committed");
        }
        Driver::Postgres(mut connection) => {
            let tx = connection.client.transaction().await.expect("begun");
            tx.execute("insert into own (number) values (7)", &[]).await.expect("written");
            client.within(&tx).enqueue(Okay { number: 7 }).await.expect("written");
            tx.commit().await.expect("committed");
        }
    }
    std::process::abort();
}

async fn a_job_runs_though_its_caller_died_behind_the_commit(database: TestDatabase) {
    let store = database.open().await;
    Driver::to(&database.url()).await.execute("create table own (number int)").await;
    let mut caller = std::process::Command::new(std::env::current_exe().expect("a program"));
    caller.args(["--exact", "commit::caller"]).env(CALLER, database.url());
    let died = caller.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts");
    assert_eq!(died.signal(), Some(SIGABRT), "{died}");
    let page = windlass::job::Page { before: None, limit: 9 };
    let jobs = store.jobs(&windlass::job::Filter::default(), page).await.expect("listed");
    let [job] = &jobs[..] else { panic!("one job: {jobs:?}") };
    assert_eq!(job.state, State::Available);
    let worker = worker(&store, &StoreFixture::new(), 1).await;
    let job = ended(&Client::new(Arc::clone(&store)), job.id).await;
    assert_eq!((job.state, job.attempt), (State::Completed, 1));
    worker.stop().await;
}

/// Refuses the second job of its life.
#[derive(Default)]
struct RefusesTheSecond(std::sync::atomic::AtomicUsize);

impl EnqueueLayer for RefusesTheSecond {
    fn name(&self) -> &'static str {
        "second"
    }

    fn on_enqueue(&self, _job: &mut NewJob) -> Result<(), String> {
        match self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 => Err("the mail server is gone".to_owned()),
            _ => Ok(()),
        }
    }
}

async fn a_layers_error_surfaces_and_the_committed_job_runs(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store)).with_layer(RefusesTheSecond::default());
    let worker = worker(&store, &StoreFixture::new(), 1).await;
    let driver = Driver::to(&database.url()).await;
    driver.begin().await;
    let id = driver.enqueue(&client, Okay { number: 1 }).await.expect("written");
    let error = driver.enqueue(&client, Okay { number: 2 }).await.expect_err("refused");
    assert_eq!(error.to_string(), "refused by second: the mail server is gone");
    driver.execute("commit").await;
    let job = ended(&client, id).await;
    assert_eq!(job.state, State::Completed);
    assert_eq!(store.counts().await.expect("counted").total(), 1);
    worker.stop().await;
}
