//! Databases that go wrong below a worker that runs, and recover: E16, I-L6.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use windlass::prelude::*;
use windlass::{Health, Options, RunningWorker, State};

use crate::probes::{Gate, Okay, StoreFixture};
use crate::test_database::{SOON, TestDatabase, ended, heartbeats, on_both_stores};

on_both_stores! {
    /// E16: while the tables are away the worker says since when it fails, and why; it works again
    /// when they are back, and was never restarted.
    tables_that_were_away_are_used_again;
    /// E16: a worker that cannot sweep does not work, however well its heartbeats go.
    one_table_that_is_missing_is_enough_to_fail;
    /// E16: a start does not wait for a schema that is away, and recovers with it.
    a_worker_can_be_started_before_its_tables_are_back;
    /// E16, I-L6: where the database just does not answer, handlers are told in time and handed back.
    a_database_that_hangs_ends_handlers_before_the_lease;
}

async fn tables_that_were_away_are_used_again(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = crate::engine::worker(&store, &StoreFixture::new(), 4).await;
    assert_eq!(worker.health(), Health::Working);
    database.rename_tables("windlass", "elsewhere").await;
    let Health::Failing { since, error } = changed(&worker, is_failing).await else { panic!() };
    let now = windlass::Timestamp::wall_clock();
    assert!(since <= now && now.since(since) < SOON, "{since}");
    assert!(error.contains("run `windlass migrate`"), "{error}");
    database.rename_tables("elsewhere", "windlass").await;
    changed(&worker, |health| *health == Health::Working).await;
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    assert_eq!(ended(&client, id).await.worker.as_deref(), Some(worker.label()));
    worker.stop().await;
}

async fn one_table_that_is_missing_is_enough_to_fail(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let options = Options { heartbeat: Duration::from_millis(50), ..Options::default() };
    let worker = crate::engine::described(&store, &StoreFixture::new(), 4).options(options);
    let worker = worker.start().await.expect("the worker starts");
    database.rename_table("leader", "away").await;
    changed(&worker, is_failing).await;
    let health = worker.health_changes();
    heartbeats(&store, 5).await;
    assert!(is_failing(&health.borrow()), "a heartbeat is not a sweep");
    database.rename_table("away", "leader").await;
    changed(&worker, |health| *health == Health::Working).await;
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    assert_eq!(ended(&client, id).await.state, State::Completed);
    worker.stop().await;
}

async fn a_worker_can_be_started_before_its_tables_are_back(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    database.rename_tables("windlass", "elsewhere").await;
    let worker = crate::engine::worker(&store, &StoreFixture::new(), 4).await;
    assert!(is_failing(&worker.health()), "{:?}", worker.health());
    database.rename_tables("elsewhere", "windlass").await;
    changed(&worker, |health| *health == Health::Working).await;
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    assert_eq!(ended(&client, id).await.state, State::Completed);
    worker.stop().await;
}

async fn a_database_that_hangs_ends_handlers_before_the_lease(database: TestDatabase) {
    let store = database.open().await;
    let (client, fixture) = (Client::new(Arc::clone(&store)), StoreFixture::new());
    let lease = Duration::from_secs(4);
    let heartbeat = Duration::from_secs(1);
    let worker = crate::engine::described(&store, &fixture, 4);
    let worker = worker.options(Options { lease, heartbeat, ..Options::default() });
    let worker = worker.start().await.expect("the worker starts");
    let id = client.enqueue(Gate {}).await.expect("written").id();
    until(&fixture, 1).await;
    let held = database.hold_heartbeats().await;
    let began = std::time::Instant::now();
    until(&fixture, 0).await;
    assert!(began.elapsed() < lease, "after {:?}", began.elapsed());
    assert!(is_failing(&worker.health()), "{:?}", worker.health());
    held.let_go().await;
    changed(&worker, |health| *health == Health::Working).await;
    fixture.gate.add_permits(1);
    let job = ended(&client, id).await;
    assert_eq!((job.state, job.failures), (State::Completed, 0), "{:?}", job.history);
    worker.stop().await;
}

/// Waits until so many handlers are at the gate.
async fn until(fixture: &StoreFixture, inside: usize) {
    let there = async {
        while fixture.inside.load(Ordering::SeqCst) != inside {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, there).await.expect("the handlers come or go");
}

fn is_failing(health: &Health) -> bool {
    matches!(health, Health::Failing { .. })
}

/// Waits until the worker's health is such.
async fn changed(worker: &RunningWorker, is_so: impl Fn(&Health) -> bool) -> Health {
    let mut changes = worker.health_changes();
    let changed = tokio::time::timeout(SOON, changes.wait_for(|health| is_so(health))).await;
    changed.expect("its health changes soon").expect("the worker lives").clone()
}
