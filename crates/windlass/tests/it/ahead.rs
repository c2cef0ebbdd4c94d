//! What a worker holds that it does not run.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use windlass::prelude::*;
use windlass::store::Store;
use windlass::State;

use crate::engine::{described, worker};
use crate::probes::{Gate, Okay, StoreFixture};
use crate::test_database::{SOON, TestDatabase, ended, on_both_stores};

on_both_stores! {
    /// E2: long jobs that were claimed ahead after short ones go back, uncounted, and start elsewhere.
    what_was_claimed_too_early_starts_elsewhere;
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
