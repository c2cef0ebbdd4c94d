//! Finishing inside the handler's own transaction: C8, invariant X1.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use windlass::prelude::*;
use windlass::{Json, State};

use crate::place::{Connection, Place, connect, ended};

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
        cx.finish_in(&tx, Some(Json::output_of("done")?)).await?;
        if cx.attempt() == 1 {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(())
    }
}

/// C8, invariant X1: one effect for each completed job; a rollback is found out and tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_in_the_jobs_own_transaction_happens_once_on_postgres() {
    let place = Place::postgres();
    let store = place.open().await;
    let connection = connect(&place).await;
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
    let connection = connect(&place).await;
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
        cx.finish_blocking_in(&tx, None)?;
        if cx.attempt() == 1 {
            tx.rollback()?
        } else {
            tx.commit()?
        }
        Ok(())
    }
}

/// C8, invariant X1, on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_in_the_jobs_own_transaction_happens_once_on_sqlite() {
    let place = Place::sqlite();
    let store = place.open().await;
    let path: std::path::PathBuf = place.url().trim_start_matches("sqlite:").into();
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
