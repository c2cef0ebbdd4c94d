//! Alerts of running workers: what they tell becomes jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use windlass::health::Thresholds;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Backoff, Options, RetryPolicy};

use crate::test_database::{SOON, TestDatabase, on_both_stores};

on_both_stores! {
    /// O3: a job that dies in a running worker pages somebody, once; the job that does it gets the event.
    a_death_pages_somebody;
    /// I-A3: a pager that dies itself is told to nobody, and the next death is told again.
    a_pager_that_dies_does_not_page_itself;
    /// C27, I-A1: the leader looks for what lasts, tells it once, and tells that it is over.
    the_leader_tells_what_lasts_and_that_it_is_over;
    /// C17: an alert of a kind that keeps failing comes while the worker runs its attempts, and ends with its success.
    a_kind_that_keeps_failing_pages_once;
}

/// What was paged: the type of the event and its key.
type Paged = (String, String);

/// Pages the person on call.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "ops.page", retry = once)]
struct Page {
    alert: String,
}

/// Dies.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "work", retry = once)]
struct Work {}

/// Fails until somebody has been paged.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "stubborn", retry = soon)]
struct Stubborn {}

/// Nobody knows it.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "ghost")]
struct Ghost {}

fn once() -> RetryPolicy {
    RetryPolicy { max_attempts: Some(1), ..RetryPolicy::default() }
}

fn soon() -> RetryPolicy {
    let backoff = Backoff::Fixed(Duration::from_millis(200));
    RetryPolicy { max_attempts: None, backoff, ..RetryPolicy::default() }
}

struct App {
    paged: UnboundedSender<Paged>,
    has_paged: AtomicBool,
    pager_fails: bool,
}

async fn page(page: Page, cx: Context<App>) -> anyhow::Result<()> {
    let event = cx.event().expect("it comes of an event");
    let paged = (event.event_type.clone(), page.alert);
    cx.app().has_paged.store(true, Ordering::Relaxed);
    cx.app().paged.send(paged).map_err(|_| anyhow::anyhow!("nobody listens"))?;
    anyhow::ensure!(!cx.app().pager_fails, "the pager is broken");
    Ok(())
}

async fn work(_: Work, _: Context<App>) -> anyhow::Result<()> {
    anyhow::bail!("it broke")
}

async fn stubborn(_: Stubborn, cx: Context<App>) -> anyhow::Result<()> {
    anyhow::ensure!(cx.app().has_paged.load(Ordering::Relaxed), "not yet");
    Ok(())
}

async fn subscribe(client: &Client, types: &str) {
    let filter = Filter::of_types([types]).build().expect("a filter");
    let page = Subscription::new(filter, Page::KIND);
    assert!(client.subscribe("page", &page, Start::Now).await.expect("made"));
}

fn worker(store: &Arc<dyn Store>, pager_fails: bool) -> (Worker<App>, UnboundedReceiver<Paged>) {
    let (paged, pages) = unbounded_channel();
    let options = Options {
        sweep: Duration::from_millis(20),
        tidy: Duration::from_millis(50),
        alert: Duration::from_millis(20),
        ..Options::default()
    };
    let worker = Worker::new(
        Arc::clone(store),
        App { paged, has_paged: AtomicBool::new(false), pager_fails },
    )
    .handle_fn::<Page>(page)
    .handle_fn::<Work>(work)
    .handle_fn::<Stubborn>(stubborn)
    .queue("default", 4)
    .options(options);
    (worker, pages)
}

async fn next(pages: &mut UnboundedReceiver<Paged>) -> Paged {
    tokio::time::timeout(SOON, pages.recv()).await.expect("in time").expect("the worker lives")
}

fn paged(event_type: &str, key: &str) -> Paged {
    (event_type.to_owned(), key.to_owned())
}

async fn a_death_pages_somebody(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&client, "windlass.job.dead").await;
    let (worker, mut pages) = worker(&store, false);
    let running = worker.start().await.expect("it starts");
    client.enqueue(Work {}).await.expect("enqueued");
    assert_eq!(next(&mut pages).await, paged("windlass.job.dead", "job.dead/work"));
    running.stop_within(Duration::ZERO).await;
    assert!(pages.recv().await.is_none(), "once");
}

async fn a_pager_that_dies_does_not_page_itself(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&client, "windlass.job.dead").await;
    let (worker, mut pages) = worker(&store, true);
    let running = worker.start().await.expect("it starts");
    for _ in 0..2 {
        client.enqueue(Work {}).await.expect("enqueued");
        assert_eq!(next(&mut pages).await, paged("windlass.job.dead", "job.dead/work"));
    }
    running.stop_within(Duration::ZERO).await;
    assert!(pages.recv().await.is_none(), "nothing of the pager");
    let log = store.event_log().await.expect("read");
    assert_eq!(log.last, 2);
}

async fn the_leader_tells_what_lasts_and_that_it_is_over(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&client, "windlass.kind.*").await;
    let (worker, mut pages) = worker(&store, false);
    let thresholds = Thresholds { unserved: Duration::ZERO, ..Thresholds::alerting() };
    let running = worker.alerts(thresholds).start().await.expect("it starts");
    let ghost = client.enqueue(Ghost {}).await.expect("enqueued").id();
    let key = "kind.unhandled/ghost@1";
    assert_eq!(next(&mut pages).await, paged("windlass.kind.unhandled", key));
    client.cancel(&[ghost], "not wanted").await.expect("cancelled");
    assert_eq!(next(&mut pages).await, paged("windlass.kind.unhandled.resolved", key));
    running.stop_within(Duration::ZERO).await;
    assert!(pages.recv().await.is_none(), "each once");
    assert!(client.alerts().await.expect("read").open.is_empty());
}

async fn a_kind_that_keeps_failing_pages_once(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&client, "windlass.job.*").await;
    let (worker, mut pages) = worker(&store, false);
    let thresholds = Thresholds { failures: 1, ..Thresholds::alerting() };
    let running = worker.alerts(thresholds).start().await.expect("it starts");
    client.enqueue(Stubborn {}).await.expect("enqueued");
    let key = "job.failing/stubborn";
    assert_eq!(next(&mut pages).await, paged("windlass.job.failing", key));
    assert_eq!(next(&mut pages).await, paged("windlass.job.failing.resolved", key));
    running.stop_within(Duration::ZERO).await;
    assert!(pages.recv().await.is_none(), "each once");
}
