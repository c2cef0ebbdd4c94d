//! Trees of jobs and events, and how deep they can be.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass::batch::Batch;
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::store::Store;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::trace::{Member, MemberId, Trace, What};
use windlass::{Backoff, Event, InlineWorker, RetryPolicy, State};

use crate::test_database::{TestDatabase, on_both_stores};

on_both_stores! {
    /// T30: a request leads to 3 jobs, these to 9 and these to 27, with a batch and retries among them: one call gives the tree of 40
    /// from any of its members, and each failure tells its root.
    a_tree_is_found_from_any_of_its_members;
    /// T30: an event, its jobs, what they publish and the jobs that come of that are one tree, wherever its jobs are.
    a_tree_goes_through_events;
    /// T30: what is gone leaves those that came of it in the tree.
    a_tree_without_its_root_is_shown;
    /// T30, E20: a handler that publishes what it takes is stopped, with an error that says how deep it is.
    a_loop_of_events_is_bounded;
    /// T30: a handler that enqueues its own kind is stopped.
    a_loop_of_jobs_is_bounded;
}

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(std::time::Duration::ZERO), ..RetryPolicy::default() }
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "tree.split", retry = at_once)]
struct Split {
    level: u32,
    nth: u32,
}

/// Enqueues three below it; the first of each three fails once, those of the root are a batch.
async fn split(job: Split, cx: Context) -> anyhow::Result<String> {
    anyhow::ensure!(job.nth != 0 || cx.attempt() > 1, "no luck in the tree of {}", cx.root());
    let below = |nth| Split { level: job.level + 1, nth };
    if job.level == 0 {
        cx.client().start(Batch::new().jobs((0..3).map(below))).await?;
    } else if job.level < 3 {
        cx.client().enqueue_all((0..3).map(below)).await?;
    }
    Ok(cx.root().to_string())
}

async fn run_all(worker: &InlineWorker) {
    while !worker.run_next().await.expect("run").is_empty() {}
}

async fn trace(client: &Client, member: impl Into<MemberId>) -> Trace {
    client.trace(member).await.expect("read").expect("it is there")
}

fn ids(trace: &Trace) -> Vec<MemberId> {
    trace.members.iter().map(|member| member.what.id()).collect()
}

async fn a_tree_is_found_from_any_of_its_members(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let root = client.enqueue(Split { level: 0, nth: 1 }).await.expect("written").id();
    client.enqueue(Split { level: 3, nth: 1 }).await.expect("written");
    let worker = Worker::new(store, ()).handle_fn(split).inline().await.expect("begun");
    run_all(&worker).await;
    let whole = trace(&client, root).await;
    assert_eq!((whole.members.len(), whole.is_cut), (40, false));
    let of_level = |level| whole.members.iter().filter(move |one| one.level == level).count();
    assert_eq!([0, 1, 2, 3].map(of_level), [1, 3, 9, 27]);
    for member in &whole.members {
        let What::Job(job) = &member.what else { panic!("no event was published") };
        assert_eq!(job.state, State::Completed);
        assert_eq!(
            job.output.as_ref().map(|output| output.as_str()),
            Some(&*format!("\"{root}\""))
        );
        let errors = job.history.iter().filter_map(|attempt| attempt.error.as_deref());
        let told: Vec<_> = errors.filter(|error| error.contains(&root.to_string())).collect();
        assert_eq!(told.len() as u32, job.failures);
        assert_eq!(ids(&trace(&client, job.id).await), ids(&whole));
    }
    worker.leave().await.expect("left");
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(type = "order.paid")]
struct OrderPaid {
    order: u32,
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "mail.receipt")]
struct Receipt {
    order: u32,
}

async fn receipt(job: Receipt, cx: Context) -> anyhow::Result<()> {
    let sent = NewEvent::bare("receipt.sent").subject(format!("order/{}", job.order));
    cx.client().publish(sent).await?;
    Ok(())
}

async fn subscribe(store: &Arc<dyn Store>, name: &str, event_type: &str, kind: &str) {
    let filter = Filter::of_types([event_type]).build().expect("a filter");
    let subscription = Subscription::new(filter, kind);
    let client = Client::new(Arc::clone(store));
    client.subscribe(name, &subscription, Start::Now).await.expect("made");
}

fn shown(member: &Member) -> (usize, &str, Option<State>) {
    match &member.what {
        What::Job(job) => (member.level, &job.kind, Some(job.state)),
        What::Event(event) => (member.level, &event.event_type, None),
    }
}

async fn a_tree_goes_through_events(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&store, "receipts", "order.paid", "mail.receipt").await;
    subscribe(&store, "archive", "receipt.sent", "archive.write").await;
    let event = client.publish(OrderPaid { order: 7 }).await.expect("published").id();
    client.publish(OrderPaid { order: 8 }).await.expect("published");
    // Nothing has been fed yet.
    assert_eq!(ids(&trace(&client, event).await), [MemberId::Event(event)]);
    let worker = Worker::new(store, ()).handle_fn(receipt).inline().await.expect("begun");
    run_all(&worker).await;
    let whole = trace(&client, event).await;
    let tree: Vec<_> = whole.members.iter().map(shown).collect();
    let expected = [
        (0, "order.paid", None),
        (1, "mail.receipt", Some(State::Completed)),
        (2, "receipt.sent", None),
        (3, "archive.write", Some(State::Available)),
    ];
    assert_eq!(tree, expected);
    for member in ids(&whole) {
        assert_eq!(ids(&trace(&client, member).await), ids(&whole));
    }
    // The root as handlers know it.
    let What::Job(receipt) = &whole.members[1].what else { panic!("it is a job") };
    let root = receipt.root.expect("the event");
    assert_eq!(ids(&trace(&client, root).await), ids(&whole));
    worker.leave().await.expect("left");
}

async fn a_tree_without_its_root_is_shown(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let gone = windlass::JobId::new();
    let mut child = windlass::NewJob::new("orphan", windlass::Json::stored("null"));
    (child.parent, child.root) = (Some(gone), Some(gone));
    let mut grandchild = windlass::NewJob::new("orphan", windlass::Json::stored("null"));
    (grandchild.parent, grandchild.root) = (Some(child.id), Some(gone));
    client.enqueue_all([child.clone(), grandchild.clone()]).await.expect("written");
    let found = trace(&client, grandchild.id).await;
    let levels: Vec<_> = found.members.iter().map(|one| (one.level, one.is_torn_off)).collect();
    assert_eq!(levels, [(0, true), (1, false)]);
    assert_eq!(ids(&trace(&client, gone).await), ids(&found), "its id leads to what is left");
    assert!(client.trace(windlass::JobId::new()).await.expect("read").is_none());
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "echo", max_attempts = 1)]
struct Echo {
    order: u32,
}

async fn echo(job: Echo, cx: Context) -> anyhow::Result<()> {
    cx.client().publish(OrderPaid { order: job.order + 1 }).await?;
    Ok(())
}

async fn a_loop_of_events_is_bounded(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    subscribe(&store, "echo", "order.paid", "echo").await;
    let event = client.publish(OrderPaid { order: 0 }).await.expect("published").id();
    let worker = Worker::new(store, ()).handle_fn(echo).inline().await.expect("begun");
    run_all(&worker).await;
    let whole = trace(&client, event).await;
    assert_eq!((whole.members.len(), whole.members[101].level), (102, 101));
    let What::Job(last) = &whole.members[101].what else { panic!("it is a job") };
    let error = last.history[0].error.as_deref().expect("it has failed");
    let expected = "is 101 deep in its tree, where 100 is the limit";
    assert!(last.state == State::Dead && error.contains(expected), "{error}");
    worker.leave().await.expect("left");
}

#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "again", max_attempts = 1)]
struct Again {}

async fn again(_: Again, cx: Context) -> anyhow::Result<()> {
    cx.enqueue(Again {}).await?;
    Ok(())
}

async fn a_loop_of_jobs_is_bounded(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let root = client.enqueue(Again {}).await.expect("written").id();
    let worker = Worker::new(store, ()).handle_fn(again).inline().await.expect("begun");
    run_all(&worker).await;
    let whole = trace(&client, root).await;
    assert_eq!(whole.members.len(), 101);
    let dead = whole.members.iter().filter(|one| shown(one).2 == Some(State::Dead));
    assert_eq!(dead.map(|one| one.level).collect::<Vec<_>>(), [100]);
    worker.leave().await.expect("left");
}
