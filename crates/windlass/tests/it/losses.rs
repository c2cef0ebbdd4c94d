//! The limit of losses as an application and SQL set it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::job::Filter;
use windlass::job::Page;
use windlass::prelude::*;
use windlass::store::Now;
use windlass::store::Store;
use windlass::{Event, State, Timestamp};
use windlass_testkit::worker::worker;

use crate::probes::{Okay, StoreFixture};
use crate::test_database::{TestDatabase, connect, ended, event, on_both_stores};

on_both_stores! {
    /// C13: what a kind declares holds for a job that was not written by its type, and for a rescue by
    /// a process that does not know it.
    a_kinds_limit_of_losses_reaches_the_process_that_rescues;
    /// I-L8: so does the maximum of attempts that a kind declares.
    a_kinds_maximum_of_attempts_reaches_the_process_that_rescues;
    /// C13: a job's own limit is kept with it.
    a_draft_brings_a_limit_of_losses;
}

/// Runs until it is told to end.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.fragile", max_losses = 1)]
struct Fragile {}

impl Run<Arc<StoreFixture>> for Fragile {
    type Output = ();

    async fn run(self, cx: &Context<Arc<StoreFixture>>) -> Result<(), JobError> {
        cx.cancelled().await;
        Ok(())
    }
}

/// Runs until it is told to end, once.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.single", max_attempts = 1)]
struct Single {}

impl Run<Arc<StoreFixture>> for Single {
    type Output = ();

    async fn run(self, cx: &Context<Arc<StoreFixture>>) -> Result<(), JobError> {
        cx.cancelled().await;
        Ok(())
    }
}

async fn a_kinds_limit_of_losses_reaches_the_process_that_rescues(database: TestDatabase) {
    check_dead_of_one_loss::<Fragile>(database, "lost once").await;
}

async fn a_kinds_maximum_of_attempts_reaches_the_process_that_rescues(database: TestDatabase) {
    check_dead_of_one_loss::<Single>(database, "gave up: the only attempt was lost").await;
}

/// Loses a job that was not written by its type with the worker that runs it.
async fn check_dead_of_one_loss<J: Run<Arc<StoreFixture>>>(database: TestDatabase, reason: &str) {
    let (ours, theirs) = (database.open().await, database.open().await);
    let client = Client::new(Arc::clone(&ours));
    let fragile = Worker::new(theirs, StoreFixture::new()).handle::<J>();
    let fragile = fragile.queue("default", 1).start().await.expect("the worker starts");
    let mut events = fragile.events();
    let job = windlass::NewJob::new(J::KIND, windlass::Json::args("{}").expect("JSON"));
    let id = client.enqueue(windlass::Draft::from(job)).await.expect("written").id();
    event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    take_back_in_an_hour(&*ours).await;
    let job = ended(&client, id).await;
    assert_eq!((job.state, job.reason.as_deref()), (State::Dead, Some(reason)));
    fragile.stop().await;
}

/// Has a worker that knows nothing of the kind sweep when every lease has run out.
async fn take_back_in_an_hour(store: &dyn Store) {
    let hour = std::time::Duration::from_secs(3600);
    let later = Now::At(Timestamp::wall_clock().after(hour));
    let stranger = worker().knowing(&[("strange", 1)]).registration();
    store.register(&stranger, later).await.expect("registered");
    let swept = store.sweep(stranger.worker, later).await.expect("swept");
    assert_eq!((swept.leads, swept.rescued, swept.died), (true, 1, 1));
    store.leave(stranger.worker, later).await.expect("left");
}

async fn a_draft_brings_a_limit_of_losses(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let draft = Okay { number: 1 }.job().max_losses(0);
    let id = client.enqueue(draft).await.expect("written").id();
    let job = client.job(id).await.expect("read").expect("there");
    assert_eq!(job.meta.max_losses, Some(0));
}

/// C13, X16: `max_losses` is an option of the SQL function.
#[tokio::test]
async fn the_sql_function_takes_a_limit_of_losses() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let connection = connect(&database).await;
    let connection = &connection.client;
    let written = "select windlass.enqueue('k', '{}', '{\"max_losses\": 6}'), \
                   (select count(*) from windlass.enqueue_many('[{\"kind\": \"k\", \"max_losses\": 6}]'))";
    connection.query_one(written, &[]).await.expect("written");
    check_all_have(&*store, 6).await;
    for wrong in ["-1", "65536"] {
        let sql = format!("select windlass.enqueue('k', '{{}}', '{{\"max_losses\": {wrong}}}')");
        let refused = connection.query_one(&sql, &[]).await.expect_err("refused");
        let message = refused.as_db_error().expect("a refusal").message();
        assert_eq!(message, format!("windlass: max_losses {wrong} cannot be used"));
    }
}

/// C13, X16: and a column of SQLite's view.
#[tokio::test]
async fn the_sqlite_view_takes_a_limit_of_losses() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    for columns in
        ["kind, max_losses) values ('k', 6)", "kind, max_losses, meta) values ('k', 6, '{}')"]
    {
        connection
            .execute(&format!("insert into windlass_enqueue ({columns}"), [])
            .expect("written");
    }
    check_all_have(&*store, 6).await;
    for wrong in ["-1", "65536", "'6'", "1.5"] {
        let sql = format!("insert into windlass_enqueue (kind, max_losses) values ('k', {wrong})");
        let refused = connection.execute(&sql, []).expect_err("refused").to_string();
        assert!(refused.contains("max_losses must be a number from 0"), "{wrong}: {refused}");
    }
}

/// X16: a number that does not fit is refused by the SQL function.
#[tokio::test]
async fn the_sql_function_refuses_numbers_that_do_not_fit() {
    let database = TestDatabase::postgres();
    database.open().await;
    let connection = connect(&database).await;
    for (option, wrong) in
        [("version", "0"), ("version", "32768"), ("max_attempts", "-1"), ("max_attempts", "40000")]
    {
        let sql = format!("select windlass.enqueue('k', '{{}}', '{{\"{option}\": {wrong}}}')");
        let refused = connection.client.query_one(&sql, &[]).await.expect_err("refused");
        let message = refused.as_db_error().expect("a refusal").message();
        assert_eq!(message, format!("windlass: {option} {wrong} cannot be used"));
    }
}

/// X16: and by SQLite's view.
#[tokio::test]
async fn the_sqlite_view_refuses_numbers_that_do_not_fit() {
    let database = TestDatabase::sqlite();
    database.open().await;
    let path = database.url().trim_start_matches("sqlite:").to_owned();
    let connection = rusqlite::Connection::open(path).expect("opened");
    for (column, wrong) in
        [("version", "0"), ("version", "32768"), ("max_attempts", "-1"), ("max_attempts", "40000")]
    {
        let sql = format!("insert into windlass_enqueue (kind, {column}) values ('k', {wrong})");
        let refused = connection.execute(&sql, []).expect_err("refused").to_string();
        assert!(refused.contains(&format!("{column} must be a number")), "{wrong}: {refused}");
    }
}

async fn check_all_have(store: &dyn Store, limit: u16) {
    let page = Page { before: None, limit: 10 };
    let jobs = store.jobs(&Filter::default(), page).await.expect("listed");
    let limits: Vec<_> = jobs.iter().map(|job| job.meta.max_losses).collect();
    assert_eq!(limits, [Some(limit); 2]);
}
