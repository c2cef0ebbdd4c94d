//! What is told and what can be read: events that come late, signals beside what they tell of, and calls without a transaction.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::condition::Signal;
use windlass::prelude::*;
use windlass::{State, StoreError};

use crate::test_database::{SOON, TestDatabase, connect, connect_to, ended, on_both_stores};

#[path = "../../examples/late_events.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod example;

on_both_stores! {
    /// A28: the example's run of 100,000 events: it is finished before they are stored, and complete exactly when all are.
    the_run_of_the_example_is_complete_when_its_events_are_stored;
    /// A8: a signal of the transaction that writes events: the job that waited for it reads all of them, on a new connection.
    what_a_signal_tells_of_can_be_read;
    /// A7: what is enqueued without a transaction is there for everybody when the call returns.
    what_is_enqueued_without_a_transaction_is_there_on_return;
}

async fn the_run_of_the_example_is_complete_when_its_events_are_stored(database: TestDatabase) {
    let run = example::run(database.open().await, 100);
    let told = tokio::time::timeout(3 * SOON, run).await.expect("it comes to an end");
    told.expect("its statuses are true");
}

const BUILDS: i32 = 200;
const EVENTS: i32 = 5;
/// Builds whose events are written in one transaction.
const FLUSH: i32 = 20;

/// Counts what there is of a build.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "build.wrap-up")]
struct WrapUp {
    build: i32,
}

const COUNT: &str = "select count(*) from line where build = ";

async fn wrap_up(job: WrapUp, cx: Context<String>) -> anyhow::Result<i64> {
    let count = format!("{COUNT}{}", job.build);
    match cx.app().strip_prefix("sqlite:") {
        Some(path) => {
            let connection = rusqlite::Connection::open(path)?;
            connection.busy_timeout(SOON)?;
            Ok(connection.query_row(&count, [], |row| row.get(0))?)
        }
        None => Ok(connect_to(cx.app()).await.client.query_one(&count, &[]).await?.get(0)),
    }
}

fn insert(build: i32) -> String {
    let rows: Vec<_> = (0..EVENTS).map(|number| format!("({build}, {number})")).collect();
    format!("insert into line (build, number) values {}", rows.join(", "))
}

fn told(build: i32) -> Signal {
    Signal::new(format!("wrap-up:{build}"))
}

async fn what_a_signal_tells_of_can_be_read(database: TestDatabase) {
    const TABLE: &str = "create table line (build integer, number integer)";
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let jobs = (0..BUILDS).map(|build| WrapUp { build }.job().on_signal(told(build).key));
    let jobs = client.enqueue_all(jobs).await.expect("written");
    let worker = Worker::new(store, database.url()).handle_fn(wrap_up).slots(4);
    let worker = worker.start().await.expect("it starts");
    if let Some(path) = database.url().strip_prefix("sqlite:") {
        let mut connection = rusqlite::Connection::open(path).expect("opened");
        connection.busy_timeout(SOON).expect("set");
        connection.execute_batch(TABLE).expect("made");
        for from in (0..BUILDS).step_by(FLUSH as usize) {
            let tx = connection.transaction().expect("begun");
            for build in from..from + FLUSH {
                tx.execute_batch(&insert(build)).expect("written");
                client.within(&tx).signal_blocking(told(build)).expect("told");
            }
            tx.commit().expect("committed");
        }
    } else {
        let mut connection = connect(&database).await;
        connection.client.batch_execute(TABLE).await.expect("made");
        for from in (0..BUILDS).step_by(FLUSH as usize) {
            let tx = connection.client.transaction().await.expect("begun");
            for build in from..from + FLUSH {
                tx.batch_execute(&insert(build)).await.expect("written");
                client.within(&tx).signal(told(build)).await.expect("told");
            }
            tx.commit().await.expect("committed");
        }
    }
    for job in jobs {
        let job = ended(&client, job.id()).await;
        assert_eq!((job.state, job.attempt), (State::Completed, 1), "{job:?}");
        assert_eq!(job.output.expect("it has one").as_str(), EVENTS.to_string());
    }
    worker.stop().await;
}

async fn what_is_enqueued_without_a_transaction_is_there_on_return(database: TestDatabase) {
    let [client, others] = [&database, &database].map(TestDatabase::open);
    let (client, others) = (Client::new(client.await), Client::new(others.await));
    let is_there = async |id| {
        let job = others.job(id).await.expect("read");
        assert_eq!(job.map(|job| job.state), Some(State::Available));
    };
    is_there(client.enqueue(WrapUp { build: 1 }).await.expect("written").id()).await;
    let written: Result<_, StoreError> = match database.url().strip_prefix("sqlite:") {
        Some(path) => {
            let connection = rusqlite::Connection::open(path).expect("opened");
            client.within(&connection).enqueue_blocking(WrapUp { build: 2 })
        }
        None => {
            let connection = connect(&database).await;
            client.within(&connection.client).enqueue(WrapUp { build: 2 }).await
        }
    };
    is_there(written.expect("written").id()).await;
}
