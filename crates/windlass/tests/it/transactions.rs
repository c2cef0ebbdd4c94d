//! Many jobs in the caller's own transaction, of one kind and of several, through every driver.

use windlass::prelude::*;
use windlass::{Draft, Enqueued, JobRecord, StoreError};

use crate::probes::{Gate, Okay};
use crate::test_database::{Connection, TestDatabase, connect};

/// A program's transaction through one driver. Every driver begins a new one when it has ended the last.
enum Driver {
    Rusqlite(rusqlite::Connection),
    SqlxSqlite(sqlx::SqliteConnection),
    Sqlx09(sqlx::PgConnection),
    Sqlx08(sqlx_0_8::PgConnection),
    TokioPostgres(Connection),
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

impl Driver {
    async fn enqueue_all(
        &mut self,
        client: &Client,
        drafts: Vec<Draft<()>>,
        end: End,
    ) -> Result<Vec<Enqueued>, StoreError> {
        match self {
            Self::Rusqlite(connection) => {
                let tx = connection.transaction().expect("begun");
                let written = client.within(&tx).enqueue_all_blocking(drafts);
                if end == End::Commit { tx.commit() } else { tx.rollback() }.expect("ended");
                written
            }
            Self::SqlxSqlite(connection) => {
                let begun = sqlx::Connection::begin_with(connection, "BEGIN IMMEDIATE").await;
                let mut tx = begun.expect("begun");
                let written = client.within(&mut tx).enqueue_all(drafts).await;
                if end == End::Commit { tx.commit().await } else { tx.rollback().await }
                    .expect("ended");
                written
            }
            Self::Sqlx09(connection) => {
                let mut tx = sqlx::Connection::begin(connection).await.expect("begun");
                let written = client.within(&mut tx).enqueue_all(drafts).await;
                if end == End::Commit { tx.commit().await } else { tx.rollback().await }
                    .expect("ended");
                written
            }
            Self::Sqlx08(connection) => {
                let mut tx = sqlx_0_8::Connection::begin(connection).await.expect("begun");
                let written = client.within(&mut tx).enqueue_all(drafts).await;
                if end == End::Commit { tx.commit().await } else { tx.rollback().await }
                    .expect("ended");
                written
            }
            Self::TokioPostgres(connection) => {
                let tx = connection.client.transaction().await.expect("begun");
                let written = client.within(&tx).enqueue_all(drafts).await;
                if end == End::Commit { tx.commit().await } else { tx.rollback().await }
                    .expect("ended");
                written
            }
        }
    }
}

async fn listed(client: &Client) -> Vec<JobRecord> {
    let page = windlass::job::Page { before: None, limit: 100 };
    client.jobs(&windlass::job::Filter::default(), page).await.expect("listed")
}

/// Two kinds and several states, in one call; the id of the middle one is the caller's.
fn mixed(id: JobId) -> Vec<Draft<()>> {
    let hour = std::time::Duration::from_secs(3_600);
    vec![
        Okay { number: 1 }.job().priority(-3).max_attempts(2).any_kind(),
        Okay { number: 2 }.job().id(id).timeout(hour).any_kind(),
        Gate {}.job().queue("other").delay(hour).traceparent("00-1-2-01").any_kind(),
    ]
}

async fn a_mixed_batch_is_part_of_the_transaction(database: &TestDatabase, mut driver: Driver) {
    let client = Client::new(database.open().await).with_origin("web");
    let id = JobId::new();
    driver.enqueue_all(&client, mixed(id), End::Rollback).await.expect("written");
    assert_eq!(listed(&client).await.len(), 0, "gone on rollback");
    driver.enqueue_all(&client, Vec::new(), End::Commit).await.expect("none is fine");

    let written = driver.enqueue_all(&client, mixed(id), End::Commit).await.expect("written");
    assert_eq!(written.len(), 3);
    assert_eq!(written[1], Enqueued::New(id), "the answers are in the order of the drafts");
    let again = driver.enqueue_all(&client, mixed(id), End::Commit).await.expect("written");
    assert_eq!(again[1], Enqueued::Existing(id));
    assert_eq!(listed(&client).await.len(), 5);

    // One statement for many writes what the store's own call writes.
    let through_the_store = client.enqueue_all(mixed(JobId::new())).await.expect("written");
    for (ours, theirs) in written.iter().zip(through_the_store) {
        let read = async |id| client.job(id).await.expect("read").expect("there");
        let (ours, theirs) = (read(ours.id()).await, read(theirs.id()).await);
        let shown = |job: &JobRecord| {
            let waits = job.run_at.since(job.created_at).as_secs();
            let what = (job.kind.clone(), job.version, job.queue.clone(), job.args.to_string());
            (
                what,
                job.state,
                job.priority,
                job.max_attempts,
                waits,
                job.origin.clone(),
                job.meta.clone(),
            )
        };
        assert_eq!(shown(&ours), shown(&theirs));
        assert_eq!(ours.origin.as_deref(), Some("web"));
    }

    let refused =
        vec![Okay { number: 1 }.job().any_kind(), Okay { number: 2 }.job().queue("a b").any_kind()];
    let refused = driver.enqueue_all(&client, refused, End::Commit).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(listed(&client).await.len(), 8, "one refused job refuses all");
}

fn path(database: &TestDatabase) -> String {
    database.url().trim_start_matches("sqlite:").to_owned()
}

/// T1, I-D8, through rusqlite.
#[tokio::test]
async fn rusqlite_takes_a_batch_of_mixed_kinds() {
    let database = TestDatabase::sqlite();
    database.open().await;
    let connection = rusqlite::Connection::open(path(&database)).expect("opened");
    a_mixed_batch_is_part_of_the_transaction(&database, Driver::Rusqlite(connection)).await;
}

/// T1, I-D8, through sqlx on SQLite.
#[tokio::test]
async fn sqlx_sqlite_takes_a_batch_of_mixed_kinds() {
    let database = TestDatabase::sqlite();
    database.open().await;
    let connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&database.url()).await;
    let connection = connection.expect("opened");
    a_mixed_batch_is_part_of_the_transaction(&database, Driver::SqlxSqlite(connection)).await;
}

/// T1, I-D8, through sqlx 0.9 on PostgreSQL.
#[tokio::test]
async fn sqlx_0_9_takes_a_batch_of_mixed_kinds() {
    let database = TestDatabase::postgres();
    let connection = <sqlx::PgConnection as sqlx::Connection>::connect(&database.url()).await;
    let connection = connection.expect("opened");
    a_mixed_batch_is_part_of_the_transaction(&database, Driver::Sqlx09(connection)).await;
}

/// T1, I-D8, through sqlx 0.8 on PostgreSQL.
#[tokio::test]
async fn sqlx_0_8_takes_a_batch_of_mixed_kinds() {
    let database = TestDatabase::postgres();
    let connection = <sqlx_0_8::PgConnection as sqlx_0_8::Connection>::connect(&database.url());
    let connection = connection.await.expect("opened");
    a_mixed_batch_is_part_of_the_transaction(&database, Driver::Sqlx08(connection)).await;
}

/// T1, I-D8, through tokio-postgres.
#[tokio::test]
async fn tokio_postgres_takes_a_batch_of_mixed_kinds() {
    let database = TestDatabase::postgres();
    let connection = connect(&database).await;
    a_mixed_batch_is_part_of_the_transaction(&database, Driver::TokioPostgres(connection)).await;
}

/// A batch in a transaction notifies the workers that sleep on a queue with a job that is due, once it commits.
#[tokio::test]
async fn a_batch_in_a_transaction_wakes_workers() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let mut connection = connect(&database).await;
    let sleepers = "insert into windlass.idle (worker, channel, queues) values \
                    (gen_random_uuid(), 'due', '{default}'), (gen_random_uuid(), 'later', '{other}')";
    connection.client.batch_execute(sleepers).await.expect("asleep");
    let mut listener =
        sqlx::postgres::PgListener::connect(&database.url()).await.expect("connected");
    listener.listen_all(["due", "later"]).await.expect("listening");
    let tx = connection.client.transaction().await.expect("begun");
    client.within(&tx).enqueue_all(mixed(JobId::new())).await.expect("written");
    tx.commit().await.expect("committed");
    connection.client.batch_execute("notify later, 'end'").await.expect("notified");
    let heard = listener.recv().await.expect("notified");
    assert_eq!((heard.channel(), heard.payload()), ("due", ""));
    let heard = listener.recv().await.expect("notified");
    assert_eq!(
        (heard.channel(), heard.payload()),
        ("later", "end"),
        "nothing is due on that queue"
    );
}

/// A pool of the application's is a target of its own: committed when the call returns.
#[tokio::test]
async fn a_pool_of_the_applications_takes_jobs() {
    let database = TestDatabase::postgres();
    let client = Client::new(database.open().await);
    let pool = sqlx::PgPool::connect(&database.url()).await.expect("connected");
    client.within(&pool).enqueue(Okay { number: 1 }).await.expect("written");
    let pool = sqlx_0_8::PgPool::connect(&database.url()).await.expect("connected");
    client.within(&pool).enqueue_all(mixed(JobId::new())).await.expect("written");
    assert_eq!(listed(&client).await.len(), 4);

    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let pool = sqlx::SqlitePool::connect(&database.url()).await.expect("connected");
    client.within(&pool).enqueue_all(mixed(JobId::new())).await.expect("written");
    assert_eq!(listed(&client).await.len(), 3);
}

/// I-D8: without a transaction of the caller's a batch is all or none too.
#[tokio::test]
async fn half_a_batch_is_not_written_on_sqlite() {
    let refuses = "create trigger half before insert on windlass_pending when new.kind = 'probe.gate' \
                   begin select raise(abort, 'no gates'); end";
    let database = TestDatabase::sqlite();
    let client = Client::new(database.open().await);
    let connection = rusqlite::Connection::open(path(&database)).expect("opened");
    connection.execute_batch(refuses).expect("made");
    let refused = client.within(&connection).enqueue_all_blocking(mixed(JobId::new()));
    assert!(refused.expect_err("refused").to_string().contains("no gates"));
    let mut sqlx = <sqlx::SqliteConnection as sqlx::Connection>::connect(&database.url()).await;
    let sqlx = sqlx.as_mut().expect("opened");
    let refused = client.within(sqlx).enqueue_all(mixed(JobId::new())).await;
    assert!(refused.expect_err("refused").to_string().contains("no gates"));
    assert_eq!(listed(&client).await.len(), 0);
}

/// A statement that was prepared for another schema is refused, not used.
#[tokio::test]
async fn a_prepared_statement_keeps_to_its_schema() {
    let database = TestDatabase::postgres();
    database.open().await;
    let mut connection = connect(&database).await;
    let prepared = windlass::PreparedEnqueue::new(&connection.client).await.expect("prepared");
    let mark = if database.url().contains('?') { '&' } else { '?' };
    let elsewhere = windlass::open(&format!("{}{mark}schema=jobs", database.url())).await;
    let client = Client::new(elsewhere.expect("opened"));
    let tx = connection.client.transaction().await.expect("begun");
    let refused = client.within((&tx, &prepared)).enqueue(Okay { number: 1 }).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
}

/// I-X1: a finish that is dropped half-way and committed anyway has done all of it or nothing: the job is
/// never gone.
#[tokio::test]
async fn a_dropped_finish_loses_no_job_on_sqlite() {
    use std::future::Future as _;
    for polls in 1..6 {
        let database = TestDatabase::sqlite();
        let client = Client::new(database.open().await);
        let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
        let handler = move |_: Okay, cx: Context<String>| async move {
            let mut connection =
                <sqlx::SqliteConnection as sqlx::Connection>::connect(cx.app()).await?;
            let mut tx = sqlx::Connection::begin_with(&mut connection, "BEGIN IMMEDIATE").await?;
            {
                let mut finish = Box::pin(cx.finish_in(&mut tx));
                for _ in 0..polls {
                    let poll =
                        std::future::poll_fn(|c| std::task::Poll::Ready(finish.as_mut().poll(c)));
                    if poll.await.is_ready() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            tx.commit().await?;
            Ok::<_, JobError>(())
        };
        let store = database.open().await;
        let worker = Worker::new(store, database.url()).handle_fn(handler).start().await;
        let worker = worker.expect("started");
        let job = crate::test_database::ended(&client, id).await;
        assert_eq!(job.state, windlass::State::Completed, "{polls} polls");
        worker.stop().await;
        assert_eq!(client.counts().await.expect("counted").total(), 1, "{polls} polls");
    }
}
