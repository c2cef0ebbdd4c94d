//! Events that become jobs: who publishes, who feeds the subscriptions and who handles.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use windlass::event::{EventRecord, NewEvent};
use windlass::prelude::*;
use windlass::store::Store;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Backoff, Event, Json, Options, RetryPolicy};

use crate::test_database::{SOON, TestDatabase, event, on_both_stores};

on_both_stores! {
    /// O10: an event becomes a job of another process: its handler gets the event's data, and the event.
    a_handler_gets_the_event;
    /// Who publishes tells the one who feeds, in whatever process: nothing waits for a sweep.
    who_publishes_tells_who_feeds;
    /// O6, O27: a job that fails gets its event on each attempt, and neither its row nor its history has a copy of it.
    each_attempt_gets_the_event_and_no_row_has_a_copy;
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
        client.publish(paid(order)).await.expect("published");
        assert_eq!(next(&mut handled).await.0, Receipt { order });
    }
    running.stop_within(Duration::ZERO).await;
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
