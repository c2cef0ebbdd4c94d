//! A table of the application's own that says what was asked for and how far it is, in step with its jobs.
//!
//! ```console
//! $ cargo run -p windlass --features rusqlite --example intents
//! ```
//!
//! An intent and its job are written in one transaction, and end in one: whatever dies in between, who looks
//! at any moment sees both or neither. A second job for the same intent finds it finished and is skipped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::{Deserialize, Serialize};
use windlass::State;
use windlass::prelude::*;

const TABLE: &str = "create table if not exists intent (
    id integer primary key,
    server text not null,
    state text not null check (state in ('requested', 'started', 'finished')),
    job text not null unique,
    owner text,
    requested_at text not null default current_timestamp,
    started_at text,
    finished_at text
)";

/// Fulfils an intent.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "server.provision")]
struct Provision {
    intent: i64,
    server: String,
}

/// What handlers have: the database, and the cloud, which stands for what happens outside of it.
#[derive(Clone)]
struct App {
    file: PathBuf,
    cloud: Arc<Mutex<Vec<String>>>,
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(connection)
}

/// Requested: the intent and its job, or neither.
fn request(client: &Client, tx: &Transaction<'_>, server: &str) -> anyhow::Result<(i64, JobId)> {
    let job = JobId::new();
    tx.execute(
        "insert into intent (server, state, job) values (?1, 'requested', ?2)",
        (server, job.to_string()),
    )?;
    let intent = tx.last_insert_rowid();
    let provision = Provision { intent, server: server.to_owned() };
    client.within(tx).enqueue_blocking(provision.job().id(job))?;
    Ok((intent, job))
}

/// Started: only an intent that is not finished; a job that comes again is skipped. An attempt that died has left it started.
fn start(tx: &Transaction<'_>, job: &Provision, owner: &str) -> Result<(), JobError> {
    let started = tx.execute(
        "update intent set state = 'started', owner = ?2, started_at = current_timestamp
         where id = ?1 and state in ('requested', 'started')",
        (job.intent, owner),
    )?;
    if started == 0 {
        return Err(JobError::skipped("already done"));
    }
    Ok(())
}

/// Finished: the intent and its job, or neither. Where the lease was lost `finish_in` fails, and all is rolled back.
fn finish(tx: &Transaction<'_>, job: &Provision, cx: &Context<App>) -> Result<(), JobError> {
    tx.execute(
        "update intent set state = 'finished', finished_at = current_timestamp where id = ?1",
        [job.intent],
    )?;
    Ok(cx.finish_in_blocking(tx)?)
}

async fn provision(job: Provision, cx: Context<App>) -> Result<(), JobError> {
    cx.blocking(move |cx| {
        let mut connection = open(&cx.app().file)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        start(&tx, &job, cx.worker())?;
        tx.commit()?;

        // Outside of the database, and so perhaps a second time: the cloud knows it by its key.
        let act = format!("{} up, {}", job.server, cx.idempotency_key());
        cx.app().cloud.lock().expect("no handler panics").push(act);

        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        finish(&tx, &job, &cx)?;
        Ok(tx.commit()?)
    })
    .await
}

/// Runs the story, and panics where it goes otherwise.
pub(crate) async fn run(file: &Path) -> anyhow::Result<()> {
    let store = windlass::open(&format!("sqlite:{}", file.display())).await?;
    let client = Client::new(store.clone());
    let mut connection = open(file)?;
    connection.execute_batch(TABLE)?;

    let tx = connection.transaction()?;
    let (_, forgotten) = request(&client, &tx, "a server nobody wants after all")?;
    tx.rollback()?;
    assert!(client.job(forgotten).await?.is_none(), "no intent, no job");

    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (intent, job) = request(&client, &tx, "db-1")?;
    tx.commit()?;

    let app = App { file: file.to_owned(), cloud: Arc::default() };
    let worker = Worker::new(store, app.clone()).handle_fn(provision).start().await?;
    assert_eq!(client.ended(job).await?.state, State::Completed);

    // Somebody asks again, past the intent: the second job sees that nothing is left to do.
    let again = client.enqueue(Provision { intent, server: "db-1".into() }).await?.id();
    let again = client.ended(again).await?;
    let output = again.output.map(|output| output.to_string()).unwrap_or_default();
    println!("the second job: {:?}, {output}", again.state);
    assert_eq!((again.state, output.as_str()), (State::Completed, "\"skipped: already done\""));
    worker.stop().await;

    let state: String =
        connection
            .query_row("select state from intent where id = ?1", [intent], |row| row.get(0))?;
    assert_eq!(state, "finished");
    assert_eq!(app.cloud.lock().expect("no handler panics").len(), 1, "one effect");
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    run(&folder.path().join("intents.db")).await
}
