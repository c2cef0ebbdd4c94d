//! Events that become jobs: who publishes, who feeds the subscriptions and who handles.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::TransactionBehavior;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use windlass::event::{EventRecord, Keep, NewEvent};
use windlass::prelude::*;
use windlass::store::{Now, Store};
use windlass::subscription::{Feed, Filter, Replay, Start, Subscription};
use windlass::{Backoff, Event, Json, Options, RetryPolicy, State};

use crate::test_database::{SOON, TestDatabase, connect_to, event, on_both_stores};

on_both_stores! {
    /// O10: an event becomes a job of another process: its handler gets the event's data, and the event.
    a_handler_gets_the_event;
    /// Who publishes tells the one who feeds, in whatever process: nothing waits for a sweep.
    who_publishes_tells_who_feeds;
    /// O6, O27: a job that fails gets its event on each attempt, and neither its row nor its history has a copy of it.
    each_attempt_gets_the_event_and_no_row_has_a_copy;
    /// I-E1, I-E4, E20: eight writers whose transactions take their time and of which one in ten is rolled back, three who feed and are
    /// killed wherever they are: nothing is lost, nothing comes twice, the positions are dense, and a key's events are in order.
    nothing_is_lost_however_often_who_feeds_is_killed;
    /// O6: a job that is retried when its event is not kept any more is dead with a reason that says so.
    a_job_whose_event_is_gone_says_so;
    /// E21: a worker feeds a replay at its pace, by the clock, and looks again by itself.
    a_worker_keeps_the_pace_of_a_replay;
    /// A worker without a loop feeds and handles what was published.
    an_inline_worker_handles_events;
}

/// What a receipt is written for: the data of an `order.paid`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Job)]
#[job(kind = "mail.receipt", retry = at_once)]
struct Receipt {
    order: u32,
}

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

type Handled = (Receipt, u32, Option<EventRecord>);

async fn write(receipt: Receipt, cx: Context<UnboundedSender<Handled>>) -> anyhow::Result<()> {
    let handled = (receipt.clone(), cx.attempt(), cx.event().cloned());
    cx.app().send(handled).map_err(|_| anyhow::anyhow!("nobody listens"))?;
    anyhow::ensure!(receipt.order != 13 || cx.attempt() > 1, "no paper");
    Ok(())
}

fn paid(order: u32) -> NewEvent {
    let data = Json::args(format!(r#"{{"order":{order}}}"#)).expect("JSON");
    NewEvent::new("order.paid", data).source("/shop").subject(format!("order/{order}"))
}

async fn subscribe(client: &Client) {
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let receipts = Subscription::new(filter, Receipt::KIND);
    assert!(client.subscribe("receipts", &receipts, Start::Now).await.expect("made"));
}

fn worker(
    store: &Arc<dyn Store>,
    to: &UnboundedSender<Handled>,
) -> Worker<UnboundedSender<Handled>> {
    Worker::new(Arc::clone(store), to.clone()).handle_fn::<Receipt>(write).queue("default", 4)
}

async fn next(handled: &mut UnboundedReceiver<Handled>) -> Handled {
    tokio::time::timeout(SOON, handled.recv()).await.expect("in time").expect("the worker lives")
}

async fn a_handler_gets_the_event(database: TestDatabase) {
    let (ours, theirs) = (database.open().await, database.open().await);
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(theirs);
    subscribe(&client).await;
    let running = worker(&ours, &to).start().await.expect("it starts");
    let event = paid(7).about("customer=42".parse().expect("a subject"));
    let event = event.extension("tenant", "acme");
    client.publish_all([event.clone(), NewEvent::bare("tick")]).await.expect("published");
    let (receipt, attempt, got) = next(&mut handled).await;
    assert_eq!((receipt, attempt), (Receipt { order: 7 }, 1));
    let got = got.expect("it comes of an event");
    assert_eq!((got.id, got.position, got.source.as_str()), (event.id, Some(1), "/shop"));
    assert_eq!((got.subject, got.meta), (event.subject, event.meta));
    running.stop_within(Duration::ZERO).await;
}

async fn a_worker_keeps_the_pace_of_a_replay(database: TestDatabase) {
    let store = database.open().await;
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(Arc::clone(&store));
    subscribe(&client).await;
    let running = worker(&store, &to).start().await.expect("it starts");
    client.publish_all((0..60).map(|order| paid(100 + order))).await.expect("published");
    for _ in 0..60 {
        next(&mut handled).await;
    }
    let begun = Instant::now();
    let pace = Some("40/s".parse().expect("a pace"));
    let replay = Replay { pace, ..Replay::between(0, 60) };
    client.replay("receipts", &replay).await.expect("begun");
    for _ in 0..60 {
        next(&mut handled).await;
    }
    // Of 60 jobs 40 may come at once, and the others one each 25 ms.
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
    running.stop_within(Duration::ZERO).await;
}

async fn who_publishes_tells_who_feeds(database: TestDatabase) {
    let (ours, theirs) = (database.open().await, database.open().await);
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(theirs);
    subscribe(&client).await;
    let options = Options { sweep: Duration::from_secs(3_600), ..Options::default() };
    let running = worker(&ours, &to).options(options).start().await.expect("it starts");
    for order in 1..=20 {
        if order % 5 == 0 {
            // Its first looks are over by then.
            tokio::time::timeout(SOON, database.sleeping_feed()).await.expect("it sleeps");
        }
        if order % 10 == 0 && database.is_postgres() {
            publish_prepared(&database.url(), &client, paid(order)).await;
        } else {
            client.publish(paid(order)).await.expect("published");
        }
        assert_eq!(next(&mut handled).await.0, Receipt { order });
    }
    running.stop_within(Duration::ZERO).await;
}

/// E20: an event that is told as a signal, whose key another transaction has, waits alone: those of others are fed meanwhile, and it is
/// told once that transaction has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_that_is_kept_waiting_keeps_nobody_else() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(Arc::clone(&store));
    subscribe(&client).await;
    let of_orders = Filter::of_types(["order.paid"]).build().expect("a filter");
    let paid_signal = Subscription::signal(of_orders, "data.order".parse().expect("a key"));
    client.subscribe("paid", &paid_signal, Start::Now).await.expect("made");
    let waits = client.enqueue(Receipt { order: 9 }.job().on_signal("paid:1"));
    let waits = waits.await.expect("written").id();
    let connection = connect_to(&database.url()).await;
    // Somebody signals the same key, and takes his time.
    connection.client.batch_execute("begin; select windlass.signal('paid:1')").await.expect("held");
    let running = worker(&store, &to).start().await.expect("it starts");
    client.publish(paid(1)).await.expect("published");
    assert_eq!(next(&mut handled).await.0, Receipt { order: 1 });
    let state = client.job(waits).await.expect("read").expect("it is there").state;
    assert_eq!(state, State::Waiting);
    connection.client.batch_execute("rollback").await.expect("let go");
    assert_eq!(next(&mut handled).await.0, Receipt { order: 9 });
    running.stop_within(Duration::ZERO).await;
}

/// Who has begun to publish when nobody slept, and commits once who feeds does, is not forgotten until a sweep: his lock is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_publishes_slowly_is_waited_for() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(Arc::clone(&store));
    subscribe(&client).await;
    let mut connection = connect_to(&database.url()).await;
    let tx = connection.client.transaction().await.expect("begun");
    client.within(&tx).publish(paid(1)).await.expect("published");
    let options = Options { sweep: Duration::from_secs(3_600), ..Options::default() };
    let running = worker(&store, &to).options(options).start().await.expect("it starts");
    tokio::time::timeout(SOON, database.sleeping_feed()).await.expect("it asks to be told");
    // By then it would have looked for the last time.
    tx.batch_execute("select pg_sleep(0.1)").await.expect("waited");
    tx.commit().await.expect("committed");
    assert_eq!(next(&mut handled).await.0, Receipt { order: 1 });
    running.stop_within(Duration::ZERO).await;
}

async fn publish_prepared(url: &str, client: &Client, event: NewEvent) {
    let mut connection = connect_to(url).await;
    let prepared = windlass::PreparedEnqueue::new(&connection.client).await.expect("prepared");
    let tx = connection.client.transaction().await.expect("begun");
    client.within((&tx, &prepared)).publish(event).await.expect("published");
    tx.commit().await.expect("committed");
}

async fn each_attempt_gets_the_event_and_no_row_has_a_copy(database: TestDatabase) {
    let store = database.open().await;
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(Arc::clone(&store));
    subscribe(&client).await;
    let running = worker(&store, &to).start().await.expect("it starts");
    let mut events = running.events();
    client.publish(paid(13)).await.expect("published");
    event(&mut events, |event| matches!(event, Event::Settled { .. })).await;
    let (first, again) = (next(&mut handled).await, next(&mut handled).await);
    assert_eq!((first.1, again.1), (1, 2));
    assert_eq!((&first.0, &first.2), (&again.0, &again.2));
    let completed = |event: &Event| matches!(event, Event::Settled { error: None, .. });
    let Event::Settled { job, .. } = event(&mut events, completed).await else { unreachable!() };
    let record = client.job(job).await.expect("read").expect("it is kept");
    assert_eq!((record.args.as_str(), record.attempt), ("null", 2));
    running.stop_within(Duration::ZERO).await;
}

async fn an_inline_worker_handles_events(database: TestDatabase) {
    let store = database.open().await;
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(Arc::clone(&store));
    subscribe(&client).await;
    let inline = worker(&store, &to).inline().await.expect("it is declared");
    client.publish_all((1..=3).map(paid)).await.expect("published");
    for order in 1..=3 {
        assert_eq!(inline.run_next().await.expect("run").len(), 1);
        assert_eq!(next(&mut handled).await.0, Receipt { order });
    }
    assert!(inline.run_next().await.expect("run").is_empty());
    inline.leave().await.expect("left");
}

const WRITERS: u32 = 8;
const TRANSACTIONS: u32 = 60;

/// What a writer publishes in each of its transactions, two events of one key, and whether it commits.
fn transactions(writer: u32) -> impl Iterator<Item = ([u32; 2], bool)> {
    let mut rng = fastrand::Rng::with_seed(u64::from(writer));
    (0..TRANSACTIONS).map(move |nth| {
        let first = writer * 10_000 + 2 * nth;
        ([first, first + 1], rng.u8(..10) > 0)
    })
}

fn of_writer(writer: u32, numbers: [u32; 2]) -> [NewEvent; 2] {
    numbers.map(|number| paid(number).subject(format!("w/{writer}")))
}

/// Publishes in transactions that take their time; which numbers were committed.
async fn write_on_postgres(url: String, client: Client, writer: u32) -> (u32, Vec<u32>) {
    let mut committed = Vec::new();
    let connection = connect_to(&url).await;
    let connection = &connection.client;
    for (numbers, keeps) in transactions(writer) {
        connection.batch_execute("begin").await.expect("begun");
        let events = of_writer(writer, numbers);
        client.within(connection).publish_all(events).await.expect("published");
        let end = if keeps { "commit" } else { "rollback" };
        let slowly = format!("select pg_sleep(random() * 0.01); {end}");
        connection.batch_execute(&slowly).await.expect("ended");
        committed.extend(numbers.into_iter().filter(|_| keeps));
    }
    (writer, committed)
}

fn write_on_sqlite(
    mut file: rusqlite::Connection,
    client: &Client,
    writer: u32,
) -> (u32, Vec<u32>) {
    let mut committed = Vec::new();
    for (numbers, keeps) in transactions(writer) {
        let tx = file.transaction_with_behavior(TransactionBehavior::Immediate).expect("begun");
        let events = of_writer(writer, numbers);
        client.within(&tx).publish_all_blocking(events).expect("published");
        if keeps { tx.commit() } else { tx.rollback() }.expect("ended");
        committed.extend(numbers.into_iter().filter(|_| keeps));
    }
    (writer, committed)
}

/// Feeds until told to end; each round is dropped after a moment, wherever it is.
async fn feed_and_die(store: Arc<dyn Store>, ended: Arc<AtomicBool>, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    while !ended.load(Ordering::Relaxed) {
        let moment = Duration::from_micros(rng.u64(100..20_000));
        let mut feed = Feed::default();
        let round = async { while feed.round(&*store, Now::Database).await.is_ok() {} };
        // What it was dropped in the middle of is what the next one finds.
        let _ = tokio::time::timeout(moment, round).await;
    }
}

async fn nothing_is_lost_however_often_who_feeds_is_killed(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    for (name, kind) in [("one", "on.one"), ("two", "on.two")] {
        let subscription = Subscription::new(Filter::default(), kind);
        client.subscribe(name, &subscription, Start::Now).await.expect("made");
    }
    let ended = Arc::new(AtomicBool::new(false));
    let mut feeders = tokio::task::JoinSet::new();
    for seed in 0..3 {
        feeders.spawn(feed_and_die(database.open().await, Arc::clone(&ended), seed));
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let client = client.clone();
        if database.is_postgres() {
            writers.spawn(write_on_postgres(database.url(), client, writer));
        } else {
            let file = database.file();
            writers.spawn_blocking(move || write_on_sqlite(file, &client, writer));
        }
    }
    let written: BTreeMap<u32, Vec<u32>> = writers.join_all().await.into_iter().collect();
    ended.store(true, Ordering::Relaxed);
    feeders.join_all().await;
    let mut feed = Feed::default();
    // A server may still be at a statement whose caller was dropped, and gives positions alone then.
    while feed.round(&*store, Now::Database).await.expect("fed").is_behind
        || (database.is_postgres() && database.count("intake").await > 0)
    {}
    let committed: usize = written.values().map(Vec::len).sum();
    let verified = client.verify_events().await.expect("looked at");
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.counted, verified.log.last), (committed as u64, committed as u64));
    for one in &verified.subscriptions {
        assert_eq!(one.wanted, committed as u64, "{}", one.name);
    }
    assert_eq!(database.count("pending").await, 2 * committed as i64, "each once");
    let mut orders: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = store.events(after, 1_000).await.expect("read");
        let Some(last) = page.last().and_then(|event| event.position) else { break };
        for event in page {
            let Receipt { order } = event.data.expect("data").read().expect("an order");
            orders.entry(event.subject.expect("a subject")).or_default().push(order);
        }
        after = last;
    }
    for (writer, written) in written {
        assert_eq!(orders[&format!("w/{writer}")], written);
    }
}

async fn a_job_whose_event_is_gone_says_so(database: TestDatabase) {
    let store = database.open().await;
    let (to, mut handled) = unbounded_channel();
    let client = Client::new(Arc::clone(&store));
    subscribe(&client).await;
    let inline = worker(&store, &to).inline().await.expect("it is declared");
    client.publish(paid(1)).await.expect("published");
    let job = inline.run_next().await.expect("run")[0].job;
    assert_eq!(next(&mut handled).await.0, Receipt { order: 1 });
    client.keep_events(Keep::at_least(Duration::ZERO)).await.expect("kept");
    assert_eq!(store.tidy(Now::Database).await.expect("tidied").forgotten, 1);
    store.retry(&[job], Now::Database).await.expect("retried");
    let ran = inline.run_next().await.expect("run");
    let error = ran[0].error.as_deref().expect("it cannot run");
    assert!(error.contains("is not in the log any more"), "{error}");
    let record = client.job(job).await.expect("read").expect("it is kept");
    assert_eq!(record.state, State::Dead);
    assert!(handled.is_empty(), "its handler did not run");
    inline.leave().await.expect("left");
}
