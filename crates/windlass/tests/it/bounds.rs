//! Producers and the bounds of their queues.

use std::sync::Arc;
use std::time::Duration;

use windlass::prelude::*;
use windlass::queue::QueueBound;
use windlass::{State, StoreError};

use crate::engine::worker;
use crate::probes::{Okay, StoreFixture};
use crate::test_database::{SOON, TestDatabase, connect, on_both_stores};

on_both_stores! {
    /// T42: an enqueue to a full queue is refused, alone and in bulk, and other queues go on.
    a_full_queue_refuses;
    /// T42: a producer waits for room, and all it has to say is written and done in the end.
    a_producer_waits_for_room;
    /// T42: the wait ends with the patience of its client.
    patience_ends;
}

fn okay(number: u32) -> Okay {
    Okay { number }
}

fn is_full(error: &StoreError) -> bool {
    matches!(error, StoreError::QueueFull { queue, limit: 3 } if queue == "default")
}

async fn a_full_queue_refuses(database: TestDatabase) {
    let client = Client::new(database.open().await);
    // It has looked before, and found none.
    client.enqueue(okay(9).job().queue("earlier")).await.expect("there is no bound");
    client.bound(QueueBound::new("default", 3)).await.expect("bound");
    assert!(client.bound(QueueBound::new("default", 0)).await.is_err());
    client.enqueue_all((0..3).map(okay)).await.expect("there is room");
    assert!(is_full(&client.enqueue(okay(3)).await.expect_err("it is full")));
    let two = [okay(3).job().queue("other"), okay(4).job()];
    assert!(is_full(&client.enqueue_all(two).await.expect_err("one of them has no room")));
    client.enqueue(okay(3).job().queue("other")).await.expect("another queue");
    assert_eq!(client.counts().await.expect("counted").of(State::Available), 5);
    assert!(client.unbound("default").await.expect("taken away"));
    client.clone().enqueue(okay(3)).await.expect("there is no bound");
}

async fn a_producer_waits_for_room(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    client.bound(QueueBound::new("default", 3).waiting()).await.expect("bound");
    let producer = client.clone();
    let produced = async move {
        for number in 0..20 {
            producer.enqueue(okay(number)).await.expect("there is room in the end");
        }
    };
    let worker = worker(&store, &StoreFixture::new(), 1).await;
    tokio::time::timeout(SOON, produced).await.expect("it goes on");
    let all_done =
        async { while client.counts().await.expect("counted").of(State::Completed) < 20 {} };
    tokio::time::timeout(SOON, all_done).await.expect("they run");
    worker.stop().await;
}

async fn patience_ends(database: TestDatabase) {
    let client = Client::new(database.open().await);
    client.bound(QueueBound::new("default", 3).waiting()).await.expect("bound");
    let client = client.waiting_for_room(Duration::from_millis(30));
    client.enqueue_all((0..3).map(okay)).await.expect("there is room");
    assert!(is_full(&client.enqueue(okay(3)).await.expect_err("nobody works")));
}

/// T42: inside a transaction of the caller's nothing waits, and the transaction goes on.
#[tokio::test]
async fn a_transaction_does_not_wait() {
    let postgres = TestDatabase::postgres();
    let client = Client::new(postgres.open().await);
    client.bound(QueueBound::new("default", 3).waiting()).await.expect("bound");
    client.enqueue_all((0..3).map(okay)).await.expect("there is room");
    let mut connection = connect(&postgres).await;
    let tx = connection.client.transaction().await.expect("begun");
    assert!(is_full(&client.within(&tx).enqueue(okay(3)).await.expect_err("it is full")));
    client.within(&tx).enqueue(okay(3).job().queue("other")).await.expect("another queue");
    tx.commit().await.expect("committed");
    let refused = connection.client.query_one("select windlass.enqueue('probe.ok')", &[]).await;
    let refused = refused.expect_err("it is full by SQL too");
    let said = refused.as_db_error().map(|error| error.message().to_owned());
    assert_eq!(
        said.as_deref(),
        Some("windlass: queue default is full: 3 of its jobs wait for a worker")
    );

    let sqlite = TestDatabase::sqlite();
    let client = Client::new(sqlite.open().await);
    client.bound(QueueBound::new("default", 3).waiting()).await.expect("bound");
    let path = sqlite.url().trim_start_matches("sqlite:").to_owned();
    let mut connection = rusqlite::Connection::open(path).expect("opened");
    let tx = connection.transaction().expect("begun");
    let mut within = client.within(&tx);
    within.enqueue_all_blocking((0..3).map(okay)).expect("there is room");
    assert!(is_full(&within.enqueue_blocking(okay(3)).expect_err("it sees its own")));
    tx.commit().expect("committed");
    let sql = "insert into windlass_enqueue (kind) values ('probe.ok')";
    let refused = connection.execute(sql, []).expect_err("it is full by SQL too").to_string();
    assert!(refused.contains("windlass: the queue is full"), "{refused}");
}
