//! Events from those who publish them to those who handle them, on both stores and with workers that run.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::TransactionBehavior;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Backoff, Json, RetryPolicy, RunningWorker};

use crate::test_database::{SOON, TestDatabase, connect_to, on_both_stores};

on_both_stores! {
    /// O5: 2,000 events, two workers with eight slots each: 2,000 effects, none twice.
    each_event_has_one_effect;
    /// A8, A9: each transaction writes a row and tells of it by an event: who handles that reads the row on a new connection as it was
    /// written then, or newer.
    what_an_event_tells_of_can_be_read;
    /// T7: two applications on one store: what one publishes the other handles, each only its own; what was published while the other
    /// was down is handled afterwards, in order of each key.
    two_applications_share_their_events;
    /// E17: who publishes, three handlers behind each other and a retry have one trace.
    a_trace_goes_through_events_and_a_retry;
}

/// Where a thing is now: its number, and how often it was changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Job)]
#[job(kind = "thing.look", retry = at_once)]
struct Changed {
    thing: u32,
    version: i64,
}

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

fn changed(thing: u32, version: i64) -> NewEvent {
    let data = Json::args_of(&Changed { thing, version }).expect("JSON");
    NewEvent::new("thing.changed", data).source("/things").subject(format!("thing/{thing}"))
}

async fn subscribe(client: &Client, name: &str, to: &str, subscription: Subscription) {
    let filter = Filter::of_types([to]).build().expect("a type can be read");
    let subscription = Subscription { filter, ..subscription };
    assert!(client.subscribe(name, &subscription, Start::Now).await.expect("made"));
}

fn of_kind(kind: &str) -> Subscription {
    Subscription::new(Filter::default(), kind)
}

async fn next<T>(handled: &mut UnboundedReceiver<T>) -> T {
    tokio::time::timeout(SOON, handled.recv()).await.expect("in time").expect("the worker lives")
}

type Looks = UnboundedSender<(u64, Changed)>;

async fn look(job: Changed, cx: Context<Looks>) -> anyhow::Result<()> {
    let position = cx.event().and_then(|event| event.position);
    cx.app().send((position.unwrap_or_default(), job))?;
    Ok(())
}

async fn looking(store: Arc<dyn Store>, to: &Looks) -> RunningWorker {
    let worker = Worker::new(store, to.clone()).handle_fn::<Changed>(look).slots(8);
    worker.start().await.expect("it starts")
}

async fn each_event_has_one_effect(database: TestDatabase) {
    const EVENTS: i64 = 2_000;
    let client = Client::new(database.open().await);
    subscribe(&client, "look", "thing.*", of_kind(Changed::KIND)).await;
    let (to, mut handled) = unbounded_channel();
    let workers =
        [looking(database.open().await, &to).await, looking(database.open().await, &to).await];
    for first in (0..EVENTS).step_by(100) {
        let events = (first..first + 100).map(|nth| changed(1, nth));
        client.publish_all(events).await.expect("published");
    }
    let mut effects: BTreeMap<i64, usize> = BTreeMap::new();
    for _ in 0..EVENTS {
        let (position, look) = next(&mut handled).await;
        assert_eq!(position as i64, look.version + 1, "one client, one order");
        *effects.entry(look.version).or_default() += 1;
    }
    for worker in workers {
        worker.stop().await;
    }
    assert!(handled.try_recv().is_err(), "there is one effect more than events");
    assert_eq!(effects.len() as i64, EVENTS);
    assert!(client.verify_events().await.expect("looked at").is_whole());
}

const THINGS: u32 = 10;
const CHANGES: i64 = 100;

async fn read(
    job: Changed,
    cx: Context<(String, UnboundedSender<[i64; 2]>)>,
) -> anyhow::Result<()> {
    let (url, to) = cx.app();
    let version = format!("select version from thing where number = {}", job.thing);
    let found: i64 = match url.strip_prefix("sqlite:") {
        Some(path) => {
            let connection = rusqlite::Connection::open(path)?;
            connection.busy_timeout(SOON)?;
            connection.query_row(&version, [], |row| row.get(0))?
        }
        None => connect_to(url).await.client.query_one(&version, &[]).await?.get(0),
    };
    to.send([job.version, found])?;
    Ok(())
}

/// A thousand transactions, each of which changes a thing and says so.
async fn change_things(database: &TestDatabase, client: &Client) {
    let table = "create table thing (number integer primary key, version bigint not null)";
    let rows: Vec<String> = (0..THINGS).map(|thing| format!("({thing}, 0)")).collect();
    let rows = format!("insert into thing values {}", rows.join(", "));
    let change = |thing| format!("update thing set version = version + 1 where number = {thing}");
    let changes =
        || (1..=CHANGES).flat_map(|version| (0..THINGS).map(move |thing| (thing, version)));
    if let Some(path) = database.url().strip_prefix("sqlite:") {
        let mut connection = rusqlite::Connection::open(path).expect("opened");
        connection.busy_timeout(SOON).expect("set");
        connection.execute_batch(&format!("{table}; {rows}")).expect("made");
        connection.pragma_update(None, "synchronous", "off").expect("set");
        for (thing, version) in changes() {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate);
            let tx = tx.expect("begun");
            client.within(&tx).publish_blocking(changed(thing, version)).expect("published");
            tx.execute_batch(&change(thing)).expect("changed");
            tx.commit().expect("committed");
        }
    } else {
        let mut connection = connect_to(&database.url()).await;
        connection.client.batch_execute(&format!("{table}; {rows}")).await.expect("made");
        connection.client.batch_execute("set synchronous_commit to off").await.expect("set");
        for (thing, version) in changes() {
            let tx = connection.client.transaction().await.expect("begun");
            client.within(&tx).publish(changed(thing, version)).await.expect("published");
            tx.batch_execute(&change(thing)).await.expect("changed");
            tx.commit().await.expect("committed");
        }
    }
}

async fn what_an_event_tells_of_can_be_read(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&client, "read", "thing.*", of_kind(Changed::KIND)).await;
    let (to, mut handled) = unbounded_channel();
    let worker = Worker::new(store, (database.url(), to)).handle_fn::<Changed>(read).slots(4);
    let worker = worker.start().await.expect("it starts");
    change_things(&database, &client).await;
    for _ in 0..CHANGES * i64::from(THINGS) {
        let [told, found] = next(&mut handled).await;
        assert!(found >= told, "version {told} was told of, and {found} is there");
    }
    worker.stop().await;
}

/// The other application's job.
#[derive(Serialize, Deserialize, Job)]
#[job(kind = "q.index")]
struct Index {
    thing: u32,
    version: i64,
}

async fn index(job: Index, cx: Context<Looks>) -> anyhow::Result<()> {
    let position = cx.event().and_then(|event| event.position).unwrap_or_default();
    cx.app().send((position, Changed { thing: job.thing, version: job.version }))?;
    Ok(())
}

/// What there is to see where nothing comes any more.
async fn standing(client: &Client) -> String {
    let (log, all) = (client.event_log().await, client.subscriptions().await);
    let jobs = client.jobs(&Default::default(), windlass::job::Page::default()).await;
    let unended = jobs
        .map(|jobs| jobs.into_iter().filter(|job| !job.state.is_terminal()).collect::<Vec<_>>());
    format!("{log:?}\n{all:?}\n{:?}\n{unended:?}", client.workers().await)
}

async fn two_applications_share_their_events(database: TestDatabase) {
    const EACH: i64 = 40;
    let [p, q] = [database.open().await, database.open().await];
    let (p_client, q_client) = (Client::new(Arc::clone(&p)), Client::new(Arc::clone(&q)));
    subscribe(&p_client, "p/look", "thing.*", of_kind(Changed::KIND)).await;
    let mut to_index = of_kind(Index::KIND).credit(NonZeroU32::new(30).expect("not 0"));
    to_index = to_index.queue("q");
    subscribe(&q_client, "q/index", "thing.*", to_index.lane("subject".parse().expect("a key")))
        .await;
    // Q is down: P publishes, feeds and handles what is its own.
    let (to_p, mut of_p) = unbounded_channel();
    let p_worker = looking(p, &to_p).await;
    for version in 1..=EACH {
        let all = (0..3).map(|thing| changed(thing, version));
        p_client.publish_all(all).await.expect("published");
    }
    for _ in 0..3 * EACH {
        next(&mut of_p).await;
    }
    let (to_q, mut of_q) = unbounded_channel();
    let q_worker = Worker::new(q, to_q).handle_fn::<Index>(index).queue("q", 8);
    let q_worker = q_worker.start().await.expect("it starts");
    let mut orders: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for _ in 0..3 * EACH {
        let came = tokio::time::timeout(SOON, of_q.recv()).await;
        let Ok(came) = came else { panic!("{orders:?}: {}", standing(&q_client).await) };
        let (_, of) = came.expect("the worker lives");
        orders.entry(of.thing).or_default().push(of.version);
    }
    for order in orders.values() {
        assert_eq!(*order, (1..=EACH).collect::<Vec<_>>());
    }
    assert_eq!(orders.len(), 3);
    p_worker.stop().await;
    q_worker.stop().await;
    assert!(of_p.try_recv().is_err() && of_q.try_recv().is_err(), "each got its own once");
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Hops = UnboundedSender<(i64, Option<String>)>;

/// Fails once, and then publishes what comes next.
async fn hop(job: Changed, cx: Context<Hops>) -> anyhow::Result<()> {
    cx.app().send((job.version, cx.traceparent().map(str::to_owned)))?;
    anyhow::ensure!(cx.attempt() > 1, "not at once");
    if job.version < 3 {
        cx.client().publish(changed(job.thing, job.version + 1)).await?;
    }
    Ok(())
}

async fn a_trace_goes_through_events_and_a_retry(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&client, "hop", "thing.*", of_kind(Changed::KIND)).await;
    let (to, mut hops) = unbounded_channel();
    let worker = Worker::new(store, to).handle_fn::<Changed>(hop).start();
    let worker = worker.await.expect("it starts");
    let mut first = changed(1, 1);
    first.meta.traceparent = Some(TRACE.to_owned());
    client.publish(first).await.expect("published");
    client.publish(changed(2, 3)).await.expect("published");
    let mut traces: BTreeMap<i64, Vec<Option<String>>> = BTreeMap::new();
    for _ in 0..8 {
        let (hop, trace) = next(&mut hops).await;
        traces.entry(hop).or_default().push(trace);
    }
    let id = |trace: &Option<String>| trace.as_deref().map(|trace| trace[3..35].to_owned());
    let of_hop = |hop: i64| traces[&hop].iter().filter_map(id).collect::<Vec<_>>();
    for hop in 1..=3 {
        assert_eq!(of_hop(hop), [TRACE[3..35].to_owned(), TRACE[3..35].to_owned()], "hop {hop}");
    }
    assert_eq!(traces[&3].len(), 4, "the one without a trace has none");
    worker.stop().await;
}
