//! Which workers a queue's jobs wake.

use std::sync::Arc;
use std::time::Instant;

use windlass::job::Moved;
use windlass::limits::POLL_WAITS;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::{Event, RunningWorker, State, StoreError};

use crate::probes::{Okay, StoreFixture};
use crate::test_database::{TestDatabase, ended, event, on_both_stores};

on_both_stores! {
    /// C29: jobs of one queue, one after the other, cost the workers of another no claims but the
    /// polls they make anyway.
    a_busy_queue_costs_the_workers_of_others_no_claims;
    /// C28: jobs that are moved start at once where they went.
    a_moved_job_starts_on_its_new_queue;
}

async fn serving(store: &Arc<dyn Store>, queue: &str) -> RunningWorker {
    let worker = Worker::new(Arc::clone(store), StoreFixture::new()).handle::<Okay>();
    worker.queue(queue, 4).start().await.expect("the worker starts")
}

async fn a_busy_queue_costs_the_workers_of_others_no_claims(database: TestDatabase) {
    const JOBS: u32 = 200;
    let (ours, theirs) = (database.open().await, database.open().await);
    let client = Client::new(Arc::clone(&ours));
    let idle = serving(&ours, "a").await;
    let beside = serving(&theirs, "a").await;
    for worker in [&idle, &beside] {
        event(&mut worker.events(), |event| matches!(event, Event::Idle)).await;
    }
    let busy = serving(&ours, "b").await;
    let before = [&idle, &beside].map(|worker| worker.stats().claims());
    let started = Instant::now();
    for number in 0..JOBS {
        let job = client.enqueue(Okay { number }.job().queue("b")).await.expect("written");
        ended(&client, job.id()).await;
    }
    let polls = POLL_WAITS.len() as u64 + started.elapsed().as_secs();
    let after = [&idle, &beside].map(|worker| worker.stats().claims());
    for (before, after) in before.into_iter().zip(after) {
        assert!(after - before <= polls, "{} claims for {polls} polls", after - before);
    }
    assert!(polls < u64::from(JOBS) / 2, "too slow to tell");
    for worker in [idle, beside, busy] {
        worker.stop().await;
    }
}

async fn a_moved_job_starts_on_its_new_queue(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = serving(&store, "b").await;
    event(&mut worker.events(), |event| matches!(event, Event::Idle)).await;
    let id = client.enqueue(Okay { number: 1 }.job().queue("a")).await.expect("written").id();
    assert_eq!(client.move_jobs(&[id], "b").await.expect("moved"), [Moved::Now]);
    let job = ended(&client, id).await;
    assert_eq!((job.state, job.queue.as_str()), (State::Completed, "b"));
    let refused = client.move_jobs(&[id], "no name").await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    worker.stop().await;
}
