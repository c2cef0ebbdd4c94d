//! Subscriptions by SQL.

use std::sync::Arc;

use windlass::event::NewEvent;
use windlass::limits::ANSWERED_REQUESTS;
use windlass::prelude::*;
use windlass::store::{Now, Store};
use windlass::subscription::{
    Feed, Filter, Progress, RequestAnswer, Subscription, SubscriptionRequest,
};
use windlass_testkit::worker::worker;

use crate::test_database::{SOON, TestDatabase, connect, event, on_both_stores};

on_both_stores! {
    /// E21, X16: a subscription that SQL asks for is made by who feeds, and gets what is published behind the statement; SQL pauses, resumes and
    /// removes it.
    a_subscription_can_be_put_by_sql;
    /// What SQL can see is refused at once; a filter that cannot be read is kept with the reason, until something else is asked for.
    what_sql_asks_for_and_cannot_be_is_refused;
    /// I-E4: who was frozen before it answered undoes nothing of what was asked for since.
    a_request_is_answered_once;
    /// I-E4: what was refused is not done by one who would have done it and was frozen meanwhile: who asked was told that it is not.
    what_was_refused_is_not_done_later;
    /// More than one round answers are all answered, in their order, without anybody looking again later.
    many_requests_are_answered_one_part_after_the_other;
    /// A sweep finds what was asked for, and what was refused gives nobody anything to do.
    a_sweep_finds_what_was_asked_for;
    /// A worker answers without being told.
    a_worker_answers_by_itself;
}

fn put(database: &TestDatabase, name: &str, definition: &str, after: Option<u64>) -> String {
    let after = after.map_or("null".to_owned(), |after| after.to_string());
    match database.is_postgres() {
        true => format!("select windlass.put_subscription('{name}', '{definition}', {after})"),
        false => format!(
            "insert into windlass_put_subscription (name, definition, after) values ('{name}', '{definition}', {after})"
        ),
    }
}

fn act(database: &TestDatabase, verb: &str, name: &str) -> String {
    match database.is_postgres() {
        true => format!("select windlass.{verb}_subscription('{name}')"),
        false => format!("insert into windlass_{verb}_subscription (name) values ('{name}')"),
    }
}

const RECEIPTS: &str =
    r#"{"filter": {"types": ["order.*"]}, "target": {"kind": "mail.receipt", "queue": "mail"}}"#;

async fn feed(store: &Arc<dyn Store>) {
    let mut feed = Feed::default();
    while feed.round(&**store, Now::Database).await.expect("fed").is_behind {}
}

async fn requests(client: &Client) -> Vec<SubscriptionRequest> {
    client.subscription_requests().await.expect("read")
}

async fn jobs(client: &Client) -> usize {
    let filter = "kind:mail.receipt".parse().expect("a filter");
    client.jobs(&filter, windlass::job::Page::default()).await.expect("read").len()
}

async fn a_subscription_can_be_put_by_sql(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    client.publish(NewEvent::bare("order.old")).await.expect("published");
    feed(&store).await;
    database.sql(&put(&database, "receipts", RECEIPTS, None)).await.expect("asked");
    database.sql(&put(&database, "all", RECEIPTS, Some(0))).await.expect("asked");
    client.publish(NewEvent::bare("order.paid")).await.expect("published");
    assert_eq!(requests(&client).await.len(), 2);
    assert!(client.subscription("receipts").await.expect("read").is_none());
    feed(&store).await;
    assert_eq!(requests(&client).await, []);
    let made = client.subscription("receipts").await.expect("read").expect("made");
    assert_eq!((made.after, made.progress), (1, Progress::Live));
    assert_eq!(made.definition.target.job().map(|job| &*job.queue), Some("mail"));
    assert_eq!(jobs(&client).await, 3, "one, and two of all");
    for (verb, paused) in [("pause", Some(true)), ("resume", Some(false)), ("remove", None)] {
        database.sql(&act(&database, verb, "receipts")).await.expect(verb);
        feed(&store).await;
        let found = client.subscription("receipts").await.expect("read");
        assert_eq!(found.map(|one| one.paused_at.is_some()), paused, "{verb}");
    }
}

async fn what_sql_asks_for_and_cannot_be_is_refused(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let large = format!(r#"{{"filter": "{}"}}"#, "x".repeat(262_144));
    for wrong in [
        put(&database, "a b", RECEIPTS, None),
        put(&database, "a", "[]", None),
        put(&database, "a", &large, None),
        put(&database, "a", RECEIPTS, None).replace("null", "-1"),
        act(&database, "pause", "a"),
        act(&database, "remove", "a"),
    ] {
        let refused = database.sql(&wrong).await.expect_err(&wrong[..80.min(wrong.len())]);
        assert!(refused.contains("windlass: "), "{refused}");
    }
    let table = match database.is_postgres() {
        true => "windlass.subscription_request",
        false => "windlass_subscription_request",
    };
    let without = format!("insert into {table} (name, what, at) values ('a', 'put', 0)");
    database.sql(&without).await.expect_err("it has no definition");
    assert_eq!(requests(&client).await, []);
    for (wrong, what) in [
        (RECEIPTS.replace("order.*", "order.*.*"), "order.*.*"),
        (RECEIPTS.replace("mail.receipt", "mail receipt"), "mail receipt"),
        (RECEIPTS.replace("target", "targets"), "targets"),
    ] {
        database.sql(&put(&database, "a", &wrong, None)).await.expect("its filter is read later");
        feed(&store).await;
        let refused = requests(&client).await;
        let error = refused[0].error.as_deref().unwrap_or_default();
        assert!(refused.len() == 1 && error.contains(what), "{refused:?}");
    }
    assert!(client.subscriptions().await.expect("read").is_empty());
    database.sql(&act(&database, "remove", "a")).await.expect("what was refused can be taken back");
    feed(&store).await;
    assert_eq!(requests(&client).await, []);
    // Both before anybody looks: what came later counts.
    database.sql(&put(&database, "a", "{}", None)).await.expect("asked");
    database.sql(&put(&database, "a", RECEIPTS, None)).await.expect("asked");
    // In one go: what is asked for behind it counts on it.
    database.sql(&act(&database, "pause", "a")).await.expect("asked");
    feed(&store).await;
    assert_eq!(requests(&client).await, []);
    let made = client.subscription("a").await.expect("read").expect("made");
    assert!(made.paused_at.is_some());
}

/// What is not UTF-8 is refused, and where another program wrote it, it keeps nobody else from being answered.
#[tokio::test]
async fn what_is_no_text_keeps_nobody_waiting() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let no_text = "cast(x'7b2261223a22ff227d' as text)";
    let put_so = put(&database, "a", "?", None).replace("'?'", no_text);
    let refused = database.sql(&put_so).await.expect_err("refused");
    assert!(refused.contains("not UTF-8"), "{refused}");
    let written = format!(
        "insert into windlass_subscription_request (name, what, definition, after, at) values ('a', 'put', {no_text}, 0, 0)"
    );
    database.sql(&written).await.expect("written");
    database.sql(&put(&database, "b", RECEIPTS, None)).await.expect("asked");
    feed(&store).await;
    assert!(client.subscription("b").await.expect("read").is_some());
    assert!(requests(&client).await[0].error.is_some());
}

/// A transaction of an operator that has one request in its hands keeps nobody from being fed, nor the others from being answered.
#[tokio::test]
async fn a_request_that_somebody_has_holds_nothing_up() {
    let database = TestDatabase::postgres();
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    for name in ["held", "free"] {
        database.sql(&put(&database, name, RECEIPTS, None)).await.expect("asked");
    }
    let mut operator = connect(&database).await;
    let held = operator.client.transaction().await.expect("begun");
    let delete = "delete from windlass.subscription_request where name = 'held'";
    assert_eq!(held.execute(delete, &[]).await.expect("deleted"), 1);
    // It ends: nor does it look again and again.
    tokio::time::timeout(SOON, feed(&store)).await.expect("it waits for nobody");
    assert!(client.subscription("free").await.expect("read").is_some());
    assert!(client.subscription("held").await.expect("read").is_none());
    held.rollback().await.expect("let go");
    feed(&store).await;
    assert!(client.subscription("held").await.expect("read").is_some());
}

async fn a_request_is_answered_once(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    database.sql(&put(&database, "a", RECEIPTS, None)).await.expect("asked");
    let frozen = requests(&client).await.remove(0);
    feed(&store).await;
    let other = RECEIPTS.replace("order.*", "invoice.*");
    database.sql(&put(&database, "a", &other, None)).await.expect("asked");
    feed(&store).await;
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let late = RequestAnswer::Put(Box::new(Subscription::new(filter, "mail.receipt")));
    for answer in [late, RequestAnswer::Done, RequestAnswer::Refused("late".to_owned())] {
        let answered = store.answer_request(frozen.nth, &answer, Now::Database).await;
        assert!(!answered.expect("asked"), "{answer:?}");
    }
    let stays = client.subscription("a").await.expect("read").expect("made");
    assert_eq!(stays.definition.filter.to_string(), "invoice.*");
    database.sql(&act(&database, "remove", "a")).await.expect("asked");
    let gone = requests(&client).await.remove(0);
    client.unsubscribe("a").await.expect("removed meanwhile");
    assert!(
        store.answer_request(gone.nth, &RequestAnswer::Done, Now::Database).await.expect("asked")
    );
    assert_eq!(requests(&client).await, [], "it is as it was asked for");
    database.sql(&put(&database, "a", RECEIPTS, None)).await.expect("asked");
    feed(&store).await;
    database.sql(&act(&database, "pause", "a")).await.expect("asked");
    client.unsubscribe("a").await.expect("removed meanwhile");
    feed(&store).await;
    let told = requests(&client).await.remove(0).error.expect("a reason");
    assert_eq!(told, "there is no subscription a");
}

async fn what_was_refused_is_not_done_later(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let wrong = RECEIPTS.replace("target", "targets");
    database.sql(&put(&database, "a", &wrong, None)).await.expect("its target is read later");
    feed(&store).await;
    let refused = requests(&client).await;
    assert!(refused[0].error.is_some());
    let filter = Filter::of_types(["order.*"]).build().expect("a filter");
    let late = RequestAnswer::Put(Box::new(Subscription::new(filter, "mail.receipt")));
    for answer in [late, RequestAnswer::Done, RequestAnswer::Refused("late".to_owned())] {
        let answered = store.answer_request(refused[0].nth, &answer, Now::Database).await;
        assert!(!answered.expect("asked"), "{answer:?}");
    }
    assert_eq!(requests(&client).await, refused);
    assert!(client.subscription("a").await.expect("read").is_none());
}

async fn many_requests_are_answered_one_part_after_the_other(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let names: Vec<_> = (0..2 * ANSWERED_REQUESTS + 1).map(|nth| format!("s{nth}")).collect();
    for name in &names {
        database.sql(&put(&database, name, RECEIPTS, None)).await.expect("asked");
    }
    feed(&store).await;
    assert_eq!(requests(&client).await, []);
    let made = client.subscriptions().await.expect("read").into_iter().map(|one| one.name);
    assert_eq!(made.collect::<Vec<_>>(), names);
}

async fn a_sweep_finds_what_was_asked_for(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let leader = worker().registration();
    store.register(&leader, Now::Database).await.expect("registered");
    let feeds = async || {
        let swept = store.sweep(leader.worker, Now::Database).await.expect("swept");
        assert!(swept.leads, "nobody else is there");
        swept.feeds
    };
    assert!(!feeds().await, "nothing was asked for");
    database.sql(&put(&database, "a", RECEIPTS, None)).await.expect("asked");
    let wrong = RECEIPTS.replace("target", "targets");
    database.sql(&put(&database, "b", &wrong, None)).await.expect("asked");
    assert!(feeds().await);
    feed(&store).await;
    assert_eq!(requests(&client).await.len(), 1, "b was refused");
    assert!(!feeds().await, "all is answered");
}

#[derive(serde::Serialize, serde::Deserialize, Job)]
#[job(kind = "mail.receipt")]
struct Receipt {}

async fn a_worker_answers_by_itself(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = Worker::new(Arc::clone(&store), ())
        .handle_fn(async |_: Receipt, _| Ok::<_, anyhow::Error>(()))
        .queue("mail", 1);
    let mut events = worker.events();
    let worker = worker.start().await.expect("it starts");
    database.sql(&put(&database, "receipts", RECEIPTS, None)).await.expect("asked");
    let data = windlass::Json::args("{}".to_owned()).expect("JSON");
    client.publish(NewEvent::new("order.paid", data)).await.expect("published");
    let settled = event(&mut events, |event| matches!(event, windlass::Event::Settled { .. }));
    tokio::time::timeout(SOON, settled).await.expect("in time");
    worker.stop().await;
}
