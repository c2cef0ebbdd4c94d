//! A cancel request of another process reaches a running handler.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use windlass::store::Now;

use windlass::prelude::*;
use windlass::{Event, Options, State};
use windlass_testkit::worker::worker;

use crate::probes::{Gate, StoreFixture};
use crate::test_database::{TestDatabase, ended, event, on_both_stores};

on_both_stores! {
    /// X18: the handler is told by the request itself: the worker's own sweeps and heartbeats are an
    /// hour away, and fifty others are registered.
    a_cancel_of_another_process_reaches_a_running_handler;
}

async fn a_cancel_of_another_process_reaches_a_running_handler(database: TestDatabase) {
    let (ours, theirs) = (database.open().await, database.open().await);
    for _ in 0..50 {
        ours.register(&worker().registration(), Now::Database).await.expect("registered");
    }
    let client = Client::new(ours);
    let hour = Duration::from_secs(3600);
    let options = Options { sweep: hour, heartbeat: hour, lease: 3 * hour, ..Options::default() };
    let fixture = StoreFixture::new();
    let running = Worker::new(Arc::clone(&theirs), Arc::clone(&fixture)).handle::<Gate>();
    let running = running.queue("default", 1).options(options);
    let running = running.start().await.expect("the worker starts");
    let mut events = running.events();
    for _ in 0..3 {
        let id = client.enqueue(Gate {}).await.expect("written").id();
        event(&mut events, |event| matches!(event, Event::Started { .. })).await;
        client.store().cancel(&[id], "not wanted", Now::Database).await.expect("asked");
        let job = ended(&client, id).await;
        assert_eq!((job.state, job.reason.as_deref()), (State::Cancelled, Some("not wanted")));
        // A handler that was abandoned instead would still be counted.
        assert_eq!(fixture.inside.load(Ordering::SeqCst), 0, "the handler ended by itself");
    }
    running.stop().await;
}
