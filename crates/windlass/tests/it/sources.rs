//! Workers that read sources.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use windlass::event::{EventRecord, NewEvent};
use windlass::prelude::*;
use windlass::source::{
    OnGap, Page, Position, Read, SourceOptions, SourceRecord, SourceState, Upstream, UpstreamError,
};
use windlass::store::{Now, Store};
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{RunningWorker, StartError};

use crate::test_database::{SOON, TestDatabase, on_both_stores};

on_both_stores! {
    /// O15, O18: a worker that only reads a source takes what waits, page by page, without waiting for the next time.
    a_backlog_is_read_in_one_go;
    /// O15: what reads a source panics and blocks its thread: that is told, jobs run, and another source is read.
    a_source_that_fails_is_in_nobodys_way;
    /// O19: a feed has lost what was not read: one gap, one event, one job of the application's that closes it, and what there
    /// still is.
    a_gap_makes_a_job_that_closes_it;
    /// O19, O21: a source that is to stop does so at a gap and at a reset, and goes on when a person says so.
    a_source_that_stops_goes_on_when_it_is_told;
    /// O16: of three workers one reads; where it stops, another one goes on at once where it was.
    one_of_three_workers_reads;
    /// O20: a worker that waits for a feed is stopped at once.
    a_stop_ends_the_wait_for_a_feed;
    /// O16: a source that is reset while its feed is asked is read from the beginning, and nothing comes twice.
    a_reset_reaches_who_reads;
}

/// What a test says.
struct Feed<F>(F);

impl<F> Upstream for Feed<F>
where
    F: Fn(&Position) -> Result<Page, UpstreamError> + Send + Sync + 'static,
{
    async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
        (self.0)(after)
    }
}

/// Asked every 20 ms, and held for 600 ms: a third of that is the longest wait for a change.
fn quick() -> SourceOptions {
    SourceOptions::default().every(Duration::from_millis(20)).hold(Duration::from_millis(600))
}

fn records(numbers: impl IntoIterator<Item = u64>) -> Page {
    Page::new(numbers.into_iter().map(|number| Read::numbered(number, NewEvent::bare("counted"))))
}

/// The records behind a position, up to one, so many at a time.
fn counted(after: &Position, last: u64, page: u64) -> Page {
    let first = after.number.unwrap_or(0) + 1;
    let end = last.min(first + page - 1);
    let page = records(first..=end).head(last);
    if end < last { page.and_more() } else { page }
}

async fn start(worker: Worker) -> RunningWorker {
    worker.start().await.expect("it starts")
}

async fn until(client: &Client, name: &str, fits: impl Fn(&SourceRecord) -> bool) -> SourceRecord {
    let last = Mutex::new(None);
    let look = async {
        loop {
            let found = client.source(name).await.expect("asked");
            if let Some(record) = found.clone().filter(&fits) {
                return record;
            }
            *last.lock().expect("whole") = found;
            tokio::task::yield_now().await;
        }
    };
    let looked = tokio::time::timeout(SOON, look).await;
    looked.unwrap_or_else(|_| panic!("it does not come to that: {last:?}"))
}

async fn log(store: &Arc<dyn Store>) -> Vec<EventRecord> {
    while store.sequence(1_000, Now::Database).await.expect("sequenced") > 0 {}
    store.events(0, 100_000).await.expect("read")
}

fn ids(log: &[EventRecord]) -> Vec<&str> {
    log.iter().filter_map(|event| event.given.as_deref()).collect()
}

async fn a_backlog_is_read_in_one_go(database: TestDatabase) {
    let store = database.open().await;
    let asked = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&asked);
    let feed = Feed(move |after: &Position| {
        counting.fetch_add(1, Ordering::Relaxed);
        Ok(counted(after, 25_000, 1_000))
    });
    let hour = Duration::from_secs(3_600);
    let options = SourceOptions::default().every(hour);
    let running =
        start(Worker::without_app(Arc::clone(&store)).source("feed", options, feed)).await;
    let record =
        until(&Client::new(Arc::clone(&store)), "feed", |one| one.imported == 25_000).await;
    assert_eq!((record.position.number, record.repeated), (Some(25_000), 0));
    assert_eq!(asked.load(Ordering::Relaxed), 25);
    running.stop_within(Duration::ZERO).await;
    let log = log(&store).await;
    let numbers: Vec<u64> = ids(&log).iter().map(|id| id.parse().expect("a number")).collect();
    assert_eq!(numbers, (1..=25_000).collect::<Vec<_>>());
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "plain")]
struct Plain;

async fn plain(_: Plain, _cx: Context<()>) -> anyhow::Result<()> {
    Ok(())
}

async fn a_source_that_fails_is_in_nobodys_way(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let panics = Feed(|_: &Position| panic!("no such element"));
    let (blocked, free) = std::sync::mpsc::channel::<()>();
    let free = Mutex::new(free);
    // One of the two threads of the program's runtime.
    let blocks = Feed(move |_: &Position| {
        let _ = free.lock().map(|free| free.recv());
        Ok(Page::default())
    });
    let counts = Feed(|after: &Position| Ok(counted(after, 10, 3)));
    let worker = Worker::without_app(Arc::clone(&store))
        .handle_fn(plain)
        .source("panics", quick(), panics)
        .source("blocks", quick().within(Duration::from_millis(200)), blocks)
        .source("counts", quick(), counts);
    let running = start(worker).await;
    until(&client, "blocks", |one| one.failures >= 3).await;
    let record = until(&client, "panics", |one| one.failures >= 2).await;
    let error = record.error.expect("it says why");
    assert!(error.starts_with("panicked: no such element at "), "{error}");
    let next =
        record.next_at.expect("it says when").since(record.error_at.expect("and since when"));
    assert!(next <= Duration::from_secs(5), "{next:?}");
    until(&client, "counts", |one| one.imported == 10).await;
    let job = client.enqueue(Plain).await.expect("enqueued").id();
    tokio::time::timeout(SOON, client.ended(job)).await.expect("soon").expect("it ends");
    drop(blocked);
    running.stop_within(Duration::ZERO).await;
}

/// What the event of a gap has.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "feed.resync")]
struct Resync {
    name: String,
    from: Option<u64>,
    to: Option<u64>,
}

async fn resync(gap: Resync, cx: Context<UnboundedSender<Resync>>) -> anyhow::Result<()> {
    let event = cx.event().map(|event| event.id).ok_or_else(|| anyhow::anyhow!("no event"))?;
    cx.client().close_source_gap(&gap.name, event).await?;
    cx.app().send(gap)?;
    Ok(())
}

async fn a_gap_makes_a_job_that_closes_it(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let gaps = Filter::of_types(["windlass.source.gap"]).sql("data.policy = 'resync'");
    let gaps = Subscription::new(gaps.build().expect("a filter"), Resync::KIND);
    client.subscribe("resync", &gaps, Start::Now).await.expect("made");
    let feed = Feed(|after: &Position| {
        Ok(match after.number {
            None => records(1..=100),
            // It says that what was asked for is lost, and gives nothing: what it has still is asked for.
            Some(100) => Page::default().lost().oldest(500),
            Some(_) => counted(after, 520, 10).oldest(500),
        })
    });
    let (to, mut handled) = unbounded_channel();
    let worker = Worker::new(Arc::clone(&store), to).handle_fn(resync);
    let running = worker.source("feed", quick(), feed).start().await.expect("it starts");
    let gap = tokio::time::timeout(SOON, handled.recv()).await.expect("soon").expect("it lives");
    assert_eq!((gap.from, gap.to), (Some(101), Some(499)));
    until(&client, "feed", |one| one.position.number == Some(520) && one.open_gaps == 0).await;
    running.stop_within(Duration::ZERO).await;
    let log = log(&store).await;
    let expected: Vec<String> = (1..=100).chain(500..=520).map(|n: u64| n.to_string()).collect();
    assert_eq!(ids(&log), expected);
    assert_eq!(log.len(), expected.len() + 1, "one event tells of the gap");
    assert_eq!(client.source_gaps("feed", 10).await.expect("read").len(), 1);
    assert!(handled.try_recv().is_err(), "one job");
}

async fn a_source_that_stops_goes_on_when_it_is_told(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let feed = Feed(|after: &Position| {
        Ok(match (after.generation, after.number) {
            (0, None) => records(1..=10),
            (0, Some(..20)) => records(20..=25).oldest(20),
            (0, Some(_)) => records([]).head(3),
            _ => counted(after, 3, 10),
        })
    });
    let options = quick().on_gap(OnGap::Stop);
    let running =
        start(Worker::without_app(Arc::clone(&store)).source("feed", options, feed)).await;
    let is_stopped = |one: &SourceRecord| one.state == SourceState::Stopped;
    let stopped = until(&client, "feed", is_stopped).await;
    assert_eq!(stopped.position.number, Some(10));
    assert!(client.resume_source("feed").await.expect("resumed"));
    let stopped =
        until(&client, "feed", |one| is_stopped(one) && one.position.number == Some(25)).await;
    let reason = "the feed was read up to 25 and ends at 3 now: it was reset";
    assert_eq!(stopped.reason.as_deref(), Some(reason));
    assert!(client.resume_source("feed").await.expect("resumed"));
    let last = until(&client, "feed", |one| one.position.number == Some(3)).await;
    assert_eq!((last.position.generation, last.open_gaps), (1, 0));
    running.stop_within(Duration::ZERO).await;
    let log = log(&store).await;
    assert_eq!(ids(&log).iter().filter(|id| id.ends_with("~1")).count(), 3);
    assert_eq!(log.iter().filter(|one| one.event_type == "windlass.source.gap").count(), 2);
}

async fn one_of_three_workers_reads(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let (head, readers) = (Arc::new(AtomicU64::new(100)), Arc::new(Mutex::new(Vec::new())));
    let mut running = Vec::new();
    for nth in 0..3 {
        let (head, readers) = (Arc::clone(&head), Arc::clone(&readers));
        let feed = Feed(move |after: &Position| {
            readers.lock().expect("whole").push(nth);
            Ok(counted(after, head.load(Ordering::Relaxed), 10))
        });
        let worker = Worker::without_app(database.open().await).source("feed", quick(), feed);
        running.push(Some(start(worker).await));
    }
    for round in 1..=3 {
        head.store(100 * round, Ordering::Relaxed);
        until(&client, "feed", |one| one.position.number == Some(100 * round)).await;
        let last = *readers.lock().expect("whole").last().expect("it was read");
        if let Some(reader) = running[last].take() {
            reader.stop_within(Duration::ZERO).await;
        }
    }
    let log = log(&store).await;
    let numbers: Vec<u64> = ids(&log).iter().map(|id| id.parse().expect("a number")).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    assert!(running.iter().all(Option::is_none), "each has read, one after the other");
}

/// A feed that never has anything, and says when it is asked.
struct Silent(Arc<Notify>);

impl Upstream for Silent {
    async fn page(&self, _after: &Position) -> Result<Page, UpstreamError> {
        self.0.notify_one();
        std::future::pending().await
    }

    fn waits(&self) -> bool {
        true
    }
}

async fn a_stop_ends_the_wait_for_a_feed(database: TestDatabase) {
    let store = database.open().await;
    let asked = Arc::new(Notify::new());
    let silent = Silent(Arc::clone(&asked));
    let worker = Worker::without_app(Arc::clone(&store)).handle_fn(plain);
    let running = start(worker.source("feed", SourceOptions::default(), silent)).await;
    tokio::time::timeout(SOON, asked.notified()).await.expect("it is asked");
    let stopped = tokio::time::timeout(Duration::from_secs(2), running.stop());
    stopped.await.expect("nothing waits for the feed");
    let record = Client::new(store).source("feed").await.expect("read").expect("there is one");
    assert_eq!((record.holder, record.error), (None, None));
}

async fn a_reset_reaches_who_reads(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let feed = Feed(|after: &Position| Ok(counted(after, 50, 10)));
    let running =
        start(Worker::without_app(Arc::clone(&store)).source("feed", quick(), feed)).await;
    let read = until(&client, "feed", |one| one.position.number == Some(50)).await;
    client.reset_source("feed", windlass::source::Reset::Oldest).await.expect("reset");
    let again = until(&client, "feed", |one| one.repeated == 50).await;
    assert_eq!((again.imported, again.position.number), (50, Some(50)));
    assert!(again.epoch > read.epoch);
    running.stop_within(Duration::ZERO).await;
    assert_eq!(log(&store).await.len(), 50);
}

/// O15: two sources of one name, and one that is never asked, are refused before anything runs.
#[tokio::test]
async fn what_cannot_be_a_source_is_refused() {
    let store = TestDatabase::sqlite();
    let store = store.open().await;
    let worker = || Worker::without_app(Arc::clone(&store));
    let feed = || Feed(|_: &Position| Ok(Page::default()));
    let twice = worker().source("feed", quick(), feed()).source("feed", quick(), feed());
    let error = twice.start().await.expect_err("refused");
    assert!(matches!(error, StartError::DuplicateSource(name) if name == "feed"));
    let name = worker().source("a feed", quick(), feed()).start().await.expect_err("refused");
    assert!(matches!(name, StartError::Name(_)), "{name}");
    let never = quick().every(Duration::ZERO);
    let never = worker().source("feed", never, feed()).start().await.expect_err("refused");
    assert!(matches!(never, StartError::Zero(_)), "{never}");
}
