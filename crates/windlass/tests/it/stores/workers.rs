//! Workers that draw from several stores.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use windlass::job::Page;
use windlass::prelude::*;
use windlass::stores::{RunningWorkers, Stores};
use windlass::{Health, StartError, State};

use super::{Note, Pair, eu_note, note};
use crate::test_database::{SOON, TestDatabase, ended, on_both_stores};

on_both_stores! {
    /// One process runs the jobs of both stores; what a handler enqueues is in the store of its own job.
    a_worker_draws_from_both_stores;
    /// A worker that is quiet takes nothing from any store until it resumes, and a stop ends all.
    all_are_quieted_and_stopped_together;
    /// What makes no sense in one store's worker is told, and nothing runs.
    a_worker_that_makes_no_sense_is_not_started;
}

/// Runs notes; one that says `again` enqueues another.
pub(super) async fn run(job: Note, cx: Context<Arc<AtomicUsize>>) -> Result<String, JobError> {
    cx.app().fetch_add(1, Ordering::Relaxed);
    if job.text == "again" {
        cx.enqueue(note("a child")).await?;
    }
    Ok(job.text)
}

/// Workers of all queues that notes have here.
pub(super) async fn workers(stores: &Stores, ran: &Arc<AtomicUsize>) -> RunningWorkers {
    let ran = Arc::clone(ran);
    let describe = move |_: &str, store| {
        let worker = Worker::new(store, Arc::clone(&ran)).handle_fn(run);
        worker.queue("notes", 2).queue("eu-notes", 2)
    };
    stores.worker(describe).await.expect("they start")
}

/// Opens both, so that what a start answers is not late.
async fn opened(stores: &Stores) {
    for name in ["eu", "us"] {
        stores.client(name).await.expect("it opens");
    }
}

/// A start that takes long goes on beside its caller.
async fn until_all_work(workers: &RunningWorkers) {
    let all = async {
        while !workers
            .workers()
            .iter()
            .all(|one| one.health == Health::Working && one.running.is_some())
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, all).await.expect("all work soon");
}

async fn a_worker_draws_from_both_stores(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores();
    let ran = Arc::default();
    let workers = workers(&stores, &ran).await;
    until_all_work(&workers).await;
    assert!(workers.responds().await);
    for (draft, store) in [(eu_note("again"), "eu"), (note("again").job(), "us")] {
        let id = stores.enqueue(draft).await.expect("written").id();
        let client = stores.client(store).await.expect("open");
        assert_eq!(ended(&client, id).await.state, State::Completed);
        let filter = "queue:notes".parse().expect("a filter");
        let notes = client.jobs(&filter, Page::default()).await.expect("read");
        let child = notes.iter().find(|job| job.parent == Some(id));
        let child = child.expect("in the store of its parent");
        assert_eq!(ended(&client, child.id).await.state, State::Completed);
    }
    workers.stop().await;
    assert_eq!(ran.load(Ordering::Relaxed), 4);
}

async fn all_are_quieted_and_stopped_together(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores();
    let idle = Arc::new(Semaphore::new(0));
    let says_so = Arc::clone(&idle);
    let describe = move |_: &str, store| {
        let idle = Arc::clone(&says_so);
        let worker = Worker::new(store, Arc::default()).handle_fn(run);
        let worker = worker.queue("notes", 2).queue("eu-notes", 2);
        worker.on_idle(move |_| {
            idle.add_permits(1);
            async {}
        })
    };
    let workers = stores.worker(describe).await.expect("they start");
    until_all_work(&workers).await;
    // A claim that is under way may still bring a job.
    let both = tokio::time::timeout(SOON, idle.acquire_many(2)).await;
    drop(both.expect("both are idle").expect("open"));
    workers.quiet();
    let running: Vec<_> = workers.workers().into_iter().filter_map(|one| one.running).collect();
    for one in &running {
        let quiet = async {
            while !one.is_quiet() {
                tokio::task::yield_now().await
            }
        };
        tokio::time::timeout(SOON, quiet).await.expect("it is told");
    }
    let ids = [
        ("eu", stores.enqueue(eu_note("a")).await.expect("written").id()),
        ("us", stores.enqueue(note("b")).await.expect("written").id()),
    ];
    for (_, id) in ids {
        let (_, job) = stores.job(id).await.expect("asked").expect("there");
        assert_eq!(job.state, State::Available);
    }
    workers.resume();
    for (store, id) in ids {
        let client = stores.client(store).await.expect("open");
        assert_eq!(ended(&client, id).await.state, State::Completed);
    }
    drop(running);
    workers.stop_within(Duration::from_secs(5)).await;
    tokio::time::timeout(SOON, workers.stopped()).await.expect("all have stopped");
    assert!(workers.workers().iter().all(|one| one.health == Health::Stopped));
    for name in ["eu", "us"] {
        let client = stores.client(name).await.expect("open");
        assert!(client.workers().await.expect("read").is_empty(), "{name}");
    }
}

async fn a_worker_that_makes_no_sense_is_not_started(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores();
    opened(&stores).await;
    let bare = stores.worker(|_, store| Worker::without_app(store)).await;
    assert!(matches!(bare, Err(StartError::NoHandlers)), "{bare:?}");
    let one_is_wrong = stores.worker(|name, store| {
        let worker = Worker::new(store, Arc::new(AtomicUsize::new(0))).handle_fn(run);
        if name == "us" { worker.slots(0) } else { worker }
    });
    assert!(matches!(one_is_wrong.await, Err(StartError::Zero(_))));
    for name in ["eu", "us"] {
        let client = stores.client(name).await.expect("open");
        let gone = async { while !client.workers().await.expect("read").is_empty() {} };
        tokio::time::timeout(SOON, gone).await.expect("nothing runs");
    }
}

/// An attempt in a process of its own.
#[derive(serde::Serialize, serde::Deserialize, Job)]
#[job(kind = "stores.apart", isolate = "process")]
struct Apart {}

async fn apart(_: Apart, _: Context) -> Result<(), JobError> {
    Ok(())
}

/// A process for each attempt would not know which store its attempt is from.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_for_each_attempt_is_for_one_store() {
    let pair = Pair::beside(TestDatabase::sqlite());
    let stores = pair.stores();
    opened(&stores).await;
    let refused = stores.worker(|_, store| Worker::without_app(store).handle_fn(apart)).await;
    assert!(
        matches!(&refused, Err(StartError::IsolatedStores(kind)) if kind == "stores.apart"),
        "{refused:?}"
    );
}
