//! What a worker holds that it does not run, and how soon the next job of a line starts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use windlass::limits::POLL_WAITS;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Event, Lane, State};

use crate::engine::{described, worker};
use crate::probes::{Gate, Okay, StoreFixture};
use crate::test_database::{SOON, TestDatabase, ended, event, on_both_stores};

on_both_stores! {
    /// E2: long jobs that were claimed ahead after short ones go back, uncounted, and start elsewhere.
    what_was_claimed_too_early_starts_elsewhere;
    /// C25: the next job of a lane starts when the one before it is settled, not at a poll.
    the_next_of_a_lane_starts_at_once;
}

async fn running(store: &Arc<dyn Store>) -> u64 {
    store.counts().await.expect("counted").of(State::Running)
}

async fn soon(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, wait).await.expect(what);
}

async fn what_was_claimed_too_early_starts_elsewhere(database: TestDatabase) {
    let (ours, theirs) = (database.open().await, database.open().await);
    let (client, fixture) = (Client::new(Arc::clone(&ours)), StoreFixture::new());
    let first = worker(&ours, &fixture, 2).await;
    let quick = client.enqueue_all((0..20).map(|number| Okay { number })).await.expect("written");
    for one in quick {
        ended(&client, one.id()).await;
    }
    let slow = client.enqueue_all((0..100).map(|_| Gate {})).await.expect("written");
    soon("more are claimed than can start", async || running(&ours).await > 2).await;
    soon("what cannot start is handed back", async || running(&ours).await == 2).await;
    let claims = first.stats().claims();
    let second = described(&theirs, &fixture, 98).start().await.expect("the worker starts");
    let inside = || fixture.inside.load(Ordering::SeqCst);
    soon("all run", async || inside() == 100).await;
    assert_eq!(first.stats().claims(), claims, "what runs has shown that it is slow");
    fixture.gate.add_permits(100);
    for one in slow {
        let job = ended(&client, one.id()).await;
        assert_eq!((job.state, job.failures, job.history.len()), (State::Completed, 0, 0));
    }
    first.stop().await;
    second.stop().await;
}

async fn the_next_of_a_lane_starts_at_once(database: TestDatabase) {
    let store = database.open().await;
    let (client, fixture) = (Client::new(Arc::clone(&store)), StoreFixture::new());
    let worker = worker(&store, &fixture, 2).await;
    let mut events = worker.events();
    let lane = (0..2).map(|_| Gate {}.job().lane(Lane::by("a")));
    let written = client.enqueue_all(lane).await.expect("written");
    let [first, second] = [written[0].id(), written[1].id()];
    event(&mut events, |event| matches!(event, Event::Started { job, .. } if *job == first)).await;
    for _ in POLL_WAITS {
        event(&mut events, |event| matches!(event, Event::Idle)).await;
    }
    fixture.gate.add_permits(1);
    event(&mut events, |event| matches!(event, Event::Settled { job, .. } if *job == first)).await;
    let settled = Instant::now();
    event(&mut events, |event| matches!(event, Event::Started { job, .. } if *job == second)).await;
    let waited = settled.elapsed();
    assert!(waited < Duration::from_secs(1), "{waited:?} is a poll");
    fixture.gate.add_permits(1);
    ended(&client, second).await;
    worker.stop().await;
}
