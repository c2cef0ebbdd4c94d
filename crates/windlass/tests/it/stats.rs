//! Stats of running workers: what they do is counted, written with their heartbeats and folded by the leader.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::stats::{By, Counts, StatsQuery};
use windlass::store::Store;
use windlass::{Options, Outcome, RetryPolicy, RunningWorker};
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};
use windlass_testkit::fault::store::FaultStore;

use crate::test_database::{SOON, TestDatabase, on_both_stores};

on_both_stores! {
    /// What a worker has done is in the stats of everybody soon, by queue and kind, with how it ended and how long it took.
    what_a_worker_does_is_in_the_stats;
    /// A worker that stops has written what it counted.
    a_worker_that_stops_has_written_what_it_counted;
    /// What cannot be written stays and is written with a later heartbeat; what was, though its answer got lost, counts once.
    what_may_not_be_written_is_written_once;
    /// The leader looks how long queues are.
    how_long_queues_are_is_told;
}

/// Works.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "good", queue = "mail")]
struct Good {}

/// Dies.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "bad", retry = once)]
struct Bad {}

fn once() -> RetryPolicy {
    RetryPolicy { max_attempts: Some(1), ..RetryPolicy::default() }
}

async fn good(_: Good, _: Context<()>) -> anyhow::Result<()> {
    Ok(())
}

async fn bad(_: Bad, _: Context<()>) -> anyhow::Result<()> {
    anyhow::bail!("it broke")
}

fn quick() -> Options {
    Options {
        sweep: Duration::from_millis(20),
        heartbeat: Duration::from_millis(50),
        stats: Duration::from_millis(30),
        ..Options::default()
    }
}

fn worker(store: &Arc<dyn Store>, options: Options) -> Worker {
    let worker = Worker::without_app(Arc::clone(store)).options(options);
    worker.handle_fn::<Good>(good).handle_fn::<Bad>(bad)
}

fn hour() -> StatsQuery {
    StatsQuery::last(Duration::from_secs(3_600))
}

async fn total(client: &Client) -> Counts {
    client.stats(&hour()).await.expect("answered").series[0].total.clone()
}

async fn until(client: &Client, is_so: impl Fn(&Counts) -> bool) -> Counts {
    eventually("it is in the stats", || async { Some(total(client).await).filter(&is_so) }).await
}

/// Returns once so many attempts are settled.
async fn settled(running: &RunningWorker, attempts: u64) {
    let is_so = || async { (running.stats().settled() >= attempts).then_some(()) };
    eventually("they are settled", is_so).await;
}

async fn what_a_worker_does_is_in_the_stats(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    client.enqueue_all((0..5).map(|_| Good {})).await.expect("written");
    client.enqueue_all((0..2).map(|_| Bad {})).await.expect("written");
    let running = worker(&store, quick()).start().await.expect("started");
    let counts = until(&client, |counts| counts.all_ended() >= 7).await;
    assert_eq!((counts.enqueued, counts.started, counts.died), (7, 7, 2));
    assert_eq!((counts.of(Outcome::Ok), counts.of(Outcome::Error)), (5, 2));
    assert_eq!((counts.wait.total(), counts.run.total()), (7, 7));
    assert!(counts.run.quantile(0.99) < Some(SOON));
    let named = async |query: StatsQuery| {
        let series = client.stats(&query).await.expect("answered").series;
        series.into_iter().map(|one| (one.name, one.total.started)).collect::<Vec<_>>()
    };
    let some = |name: &str, jobs| (Some(name.to_owned()), jobs);
    assert_eq!(named(hour().by(By::Kind)).await, [some("good", 5), some("bad", 2)]);
    assert_eq!(named(hour().by(By::Queue)).await, [some("mail", 5), some("default", 2)]);
    assert_eq!(named(hour().by(By::Queue).kind("b*")).await, [some("default", 2)]);
    page(&client).await.expect("it works");
    running.stop().await;
}

async fn a_worker_that_stops_has_written_what_it_counted(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    client.enqueue(Good {}).await.expect("written");
    // Its heartbeats come too late.
    let running = worker(&store, Options::default()).start().await.expect("started");
    settled(&running, 1).await;
    assert_eq!(total(&client).await.started, 0);
    running.stop().await;
    let kept = windlass::stats::Kept::default();
    windlass::stats::fold(&*store, kept, windlass::store::Now::Database).await.expect("folded");
    assert_eq!(total(&client).await.of(Outcome::Ok), 1);
}

async fn what_may_not_be_written_is_written_once(database: TestDatabase) {
    for (side, action) in [(Side::Before, Action::Refuse), (Side::After, Action::Lose)] {
        let store = database.open().await;
        let client = Client::new(Arc::clone(&store));
        let before = total(&client).await.of(Outcome::Ok);
        let plan = Plan::first(Verb::Measure, side, action);
        let faulty: Arc<dyn Store> = Arc::new(FaultStore::new(store, plan));
        // Nobody folds before the part has come a second time.
        let options = Options { stats: SOON * 10, ..quick() };
        let running = worker(&faulty, options).start().await.expect("started");
        client.enqueue_all((0..3).map(|_| Good {})).await.expect("written");
        settled(&running, 3).await;
        let kept = windlass::stats::Kept::default();
        eventually("a part is written", || async {
            let seen = client.store().stats_parts(10, kept, windlass::store::Now::Database).await;
            (!seen.expect("read").parts.is_empty()).then_some(())
        })
        .await;
        running.stop().await;
        let folded =
            windlass::stats::fold(client.store().as_ref(), kept, windlass::store::Now::Database);
        folded.await.expect("folded");
        assert_eq!(total(&client).await.of(Outcome::Ok) - before, 3, "{plan}");
    }
}

async fn how_long_queues_are_is_told(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    client.enqueue_all((0..3).map(|_| Good {})).await.expect("written");
    // A worker that did not know the kind would have its jobs parked.
    client.pause("mail").await.expect("paused");
    let leads = worker(&store, quick()).start().await.expect("started");
    let depths = eventually("depths are told", || async {
        let depths = client.stats(&hour().queue("m*")).await.expect("answered").depths;
        (!depths.is_empty()).then_some(depths)
    })
    .await;
    let last = depths[0].points.iter().map(|point| point.available).max();
    assert_eq!((depths[0].queue.as_str(), last), ("mail", Some(3)));
    assert!(client.stats(&hour().kind("good")).await.expect("answered").depths.is_empty());
    leads.stop().await;
}

/// The example of docs/stats.md.
async fn page(client: &Client) -> anyhow::Result<()> {
    let query = StatsQuery::last(Duration::from_secs(24 * 60 * 60)).queue("mail*").by(By::Kind);
    let stats = client.stats(&query).await?;
    for series in &stats.series {
        let (name, total) = (series.name.as_deref(), &series.total);
        let p95 = total.run.quantile(0.95);
        println!("{name:?}: {} started, {} failed, p95 {p95:?}", total.started, total.failed());
    }
    anyhow::ensure!(stats.series.len() == 1);
    Ok(())
}
