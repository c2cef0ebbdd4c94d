//! Finishing inside the handler's own transaction: C8, I-X1.

use std::sync::Arc;
use windlass::store::Now;

use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use tokio::sync::Mutex;
use windlass::job::{Batch, Cancelled, Fence, Settled};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{FinishBlockingOn, FinishOn, Json, State};
use windlass_testkit::verdicts::{confirm_or, retry};
use windlass_testkit::worker::{request, settlement, worker};

use crate::probes::Okay;
use crate::test_database::{Connection, TestDatabase, connect, ended};

/// Inserts a row and finishes in the same transaction; on the first attempt it rolls back.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "probe.effect", retry = at_once)]
struct Effect {}

fn at_once() -> windlass::RetryPolicy {
    let backoff = windlass::Backoff::Fixed(std::time::Duration::ZERO);
    windlass::RetryPolicy { backoff, ..windlass::RetryPolicy::default() }
}

struct Postgres(Mutex<Connection>);

impl Run<Postgres> for Effect {
    type Output = ();

    async fn run(self, cx: &Context<Postgres>) -> Result<(), JobError> {
        let mut client = cx.app().0.lock().await;
        let tx = client.client.transaction().await?;
        let job = cx.job_id().to_string();
        tx.execute("insert into effect (job) values ($1)", &[&job]).await?;
        cx.finish_in_with(&tx, &"done").await?;
        if cx.attempt() == 1 {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(())
    }
}

/// C8, I-X1: one effect for each completed job; a rollback is found out and tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_in_the_jobs_own_transaction_happens_once_on_postgres() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let connection = connect(&database).await;
    connection.client.batch_execute("create table effect (job text not null)").await.expect("made");
    let client = Client::new(Arc::clone(&store));
    let ids = client.enqueue_all((0..20).map(|_| Effect {}.job())).await.expect("written");
    let app = Postgres(Mutex::new(connection));
    let worker = Worker::new(Arc::clone(&store), app)
        .handle::<Effect>()
        .slots(4)
        .start()
        .await
        .expect("started");
    for id in ids {
        let job = ended(&client, id.id()).await;
        assert_eq!((job.state, job.attempt, job.failures), (State::Completed, 2, 1));
        assert_eq!(job.output.map(|o| o.to_string()).as_deref(), Some("\"done\""));
    }
    worker.stop().await;
    let connection = connect(&database).await;
    let row = connection
        .client
        .query_one("select count(*), count(distinct job) from effect", &[])
        .await
        .expect("counted");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (20, 20));
    let counts = store.counts().await.expect("counted");
    assert_eq!((counts.of(State::Completed), counts.total()), (20, 20));
}

struct Sqlite(std::path::PathBuf);

impl Run<Sqlite> for Effect {
    type Output = ();

    async fn run(self, cx: &Context<Sqlite>) -> Result<(), JobError> {
        let mut connection = rusqlite::Connection::open(&cx.app().0)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        tx.execute("insert into effect (job) values (?1)", [cx.job_id().to_string()])?;
        cx.finish_in_blocking(&tx)?;
        if cx.attempt() == 1 {
            tx.rollback()?
        } else {
            tx.commit()?
        }
        Ok(())
    }
}

/// C8, I-X1, on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_in_the_jobs_own_transaction_happens_once_on_sqlite() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let path: std::path::PathBuf = database.url().trim_start_matches("sqlite:").into();
    let connection = rusqlite::Connection::open(&path).expect("opened");
    connection.execute("create table effect (job text not null)", []).expect("made");
    let client = Client::new(Arc::clone(&store));
    let ids = client.enqueue_all((0..20).map(|_| Effect {}.job())).await.expect("written");
    let worker = Worker::new(Arc::clone(&store), Sqlite(path))
        .handle::<Effect>()
        .slots(4)
        .start()
        .await
        .expect("started");
    for id in ids {
        let job = ended(&client, id.id()).await;
        assert_eq!((job.state, job.attempt), (State::Completed, 2));
    }
    worker.stop().await;
    let effects: i64 =
        connection.query_row("select count(*) from effect", [], |row| row.get(0)).expect("counted");
    assert_eq!(effects, 20);
}

struct Sqlx(SqlitePool);

impl Run<Sqlx> for Effect {
    type Output = ();

    async fn run(self, cx: &Context<Sqlx>) -> Result<(), JobError> {
        let mut tx = cx.app().0.begin_with("BEGIN IMMEDIATE").await?;
        let effect = sqlx::query("insert into effect (job) values (?1)");
        effect.bind(cx.job_id().to_string()).execute(&mut *tx).await?;
        cx.finish_in_with(&mut tx, &"done").await?;
        if cx.attempt() == 1 {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(())
    }
}

/// C8, I-X1, on SQLite through sqlx.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_in_the_jobs_own_transaction_happens_once_through_sqlx() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let pool = SqlitePool::connect(&database.url()).await.expect("opened");
    sqlx::query("create table effect (job text not null)").execute(&pool).await.expect("made");
    let client = Client::new(Arc::clone(&store));
    let ids = client.enqueue_all((0..20).map(|_| Effect {}.job())).await.expect("written");
    let described = Worker::new(Arc::clone(&store), Sqlx(pool.clone())).handle::<Effect>();
    let worker = described.slots(4).start().await.expect("started");
    for id in ids {
        let job = ended(&client, id.id()).await;
        assert_eq!((job.state, job.attempt, job.failures), (State::Completed, 2, 1));
        assert_eq!(job.output.map(|o| o.to_string()).as_deref(), Some("\"done\""));
    }
    worker.stop().await;
    let effects = sqlx::query_as("select count(*), count(distinct job) from effect");
    let (effects, jobs): (i64, i64) = effects.fetch_one(&pool).await.expect("counted");
    assert_eq!((effects, jobs), (20, 20));
    let counts = store.counts().await.expect("counted");
    assert_eq!((counts.of(State::Completed), counts.total()), (20, 20));
}

/// Claims so many jobs; the fence of each.
async fn fences(store: &Arc<dyn Store>, jobs: u32) -> Vec<Fence> {
    let client = Client::new(Arc::clone(store));
    let drafts = (0..jobs).map(|number| Okay { number }.job());
    client.enqueue_all(drafts).await.expect("written");
    let registration = worker().knowing(&[("probe.ok", 1)]).registration();
    store.register(&registration, Now::Database).await.expect("registered");
    let batch = store.claim(&request(&registration, 10), Now::Database).await.expect("claimed");
    let (lease, worker) = (batch.lease, registration.worker);
    let label: Arc<str> = registration.label.as_str().into();
    let fence = |job| Fence { lease, job, worker, label: Arc::clone(&label) };
    batch.jobs.into_iter().map(fence).collect()
}

/// I-X1, I-L3: where the lease is lost the transaction is told so and finishes nothing.
#[tokio::test]
async fn a_job_whose_lease_is_lost_is_not_finished_through_sqlx() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let fence = fences(&store, 1).await.remove(0);
    let pool = SqlitePool::connect(&database.url()).await.expect("opened");
    store.release(fence.worker, fence.lease, Now::Database).await.expect("handed back");

    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    assert!(!(&mut tx).finish(fence.clone(), None, "").await.expect("asked"));
    tx.commit().await.expect("committed");

    let job = store.job(fence.job.id).await.expect("read").expect("there");
    assert_eq!((job.state, job.finished_at), (State::Available, None));
    let counts = store.counts().await.expect("counted");
    assert_eq!((counts.of(State::Completed), counts.total()), (0, 1));
}

/// X1: both drivers leave the same behind, and finish a job once.
#[tokio::test]
async fn sqlx_and_rusqlite_finish_alike() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let fences = fences(&store, 2).await;
    let output = || Some(Json::output_of("done").expect("an output"));

    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    let tx = connection.transaction().expect("begun");
    assert!((&tx).finish_blocking(fences[0].clone(), output()).expect("finished"));
    tx.commit().expect("committed");
    let pool = SqlitePool::connect(&database.url()).await.expect("opened");
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("begun");
    assert!((&mut tx).finish(fences[1].clone(), output(), "").await.expect("finished"));
    assert!(!(&mut tx).finish(fences[1].clone(), output(), "").await.expect("asked"));
    tx.commit().await.expect("committed");

    let (mut records, then) = (Vec::new(), windlass::Timestamp::from_micros(0));
    for fence in &fences {
        let mut job = store.job(fence.job.id).await.expect("read").expect("there");
        assert!(job.finished_at.is_some_and(|at| at >= job.created_at), "{job:?}");
        // What sets two jobs apart.
        (job.id, job.args) = (fences[0].job.id, Json::stored("{}"));
        (job.created_at, job.run_at, job.finished_at) = (then, then, None);
        records.push(format!("{job:?}"));
    }
    assert_eq!(records[0], records[1]);
    let leases: i64 = connection
        .query_row("select count(*) from windlass_lease", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(leases, 0, "nothing is left of the lease");
    assert_eq!(store.counts().await.expect("counted").of(State::Completed), 2);
}

/// A job that was asked to stop and whose handler finished it nevertheless, in its transaction.
async fn finished_in_spite_of_a_cancel(database: &TestDatabase) -> (Arc<dyn Store>, Fence) {
    let store = database.open().await;
    let fence = fences(&store, 1).await.remove(0);
    let answers = store.cancel(&[fence.job.id], "not wanted", Now::Database).await;
    assert_eq!(answers.expect("asked"), [Cancelled::Requested]);
    let mut connection = connect(database).await;
    let tx = connection.client.transaction().await.expect("begun");
    assert!((&tx).finish(fence.clone(), None, "windlass").await.expect("finished"));
    tx.commit().await.expect("committed");
    (store, fence)
}

async fn cancels(store: &Arc<dyn Store>, fence: &Fence) -> usize {
    let lease = windlass::limits::LEASE;
    match store.heartbeat(fence.worker, lease.into(), Now::Database).await.expect("renewed") {
        windlass::worker::Beat::Alive { cancels, .. } => cancels.len(),
        gone => panic!("{gone:?}"),
    }
}

/// I-C3, I-X1: what was asked of a job that is finished is not asked again, neither of its worker nor of
/// its next life.
#[tokio::test]
async fn a_job_finished_in_a_transaction_has_forgotten_its_cancel_request() {
    let database = TestDatabase::postgres();
    let (store, fence) = finished_in_spite_of_a_cancel(&database).await;
    let (lease, job) = (fence.lease, Arc::clone(&fence.job));
    let batch = Batch { lease, claimed_at: None, jobs: vec![job] };
    let confirmed = [settlement(&batch, 0, confirm_or(retry(windlass::limits::LEASE)))];
    let answers = store.settle(fence.worker, &confirmed, Now::Database).await.expect("settled");
    assert_eq!((answers, cancels(&store, &fence).await), (vec![Settled::Already], 0));
}

/// I-C3, I-X1: the same where the worker dies before it can confirm it.
#[tokio::test]
async fn a_job_that_nobody_confirmed_has_forgotten_its_cancel_request() {
    let database = TestDatabase::postgres();
    let (store, fence) = finished_in_spite_of_a_cancel(&database).await;
    store.tidy(Now::Database).await.expect("tidied");
    assert_eq!(cancels(&store, &fence).await, 0);
}

/// I-C3, I-X1: a retry does not inherit it.
#[tokio::test]
async fn a_revived_job_has_forgotten_what_its_handler_finished_in_spite_of() {
    let database = TestDatabase::postgres();
    let (store, fence) = finished_in_spite_of_a_cancel(&database).await;
    store.retry(&[fence.job.id], Now::Database).await.expect("retried");
    let registration = worker().knowing(&[("probe.ok", 1)]).registration();
    store.register(&registration, Now::Database).await.expect("registered");
    let batch = store.claim(&request(&registration, 1), Now::Database).await.expect("claimed");
    let failed = [settlement(&batch, 0, retry(windlass::limits::LEASE))];
    store.settle(registration.worker, &failed, Now::Database).await.expect("settled");
    let record = store.job(fence.job.id).await.expect("read").expect("there");
    assert_eq!((record.state, record.attempt), (State::Retryable, 2));
}
