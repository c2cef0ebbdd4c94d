//! What is written where, and what is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use windlass::batch::Batch;
use windlass::condition::{Signal, SignalAnswer};
use windlass::encryption::Keys;
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::stores::{Routes, Stores, StoresError};
use windlass::{EnqueueLayer, NewJob, Refusal, StoreError, Subject};

use super::{Pair, eu_note, note, routes};
use crate::test_database::{TestDatabase, on_both_stores};

on_both_stores! {
    /// Jobs and events are written to the store of the first route that fits, and otherwise to the default one.
    jobs_and_events_go_where_their_routes_say;
    /// No transaction crosses stores: what belongs to two is refused with their names, and nothing is written.
    what_belongs_to_two_stores_is_refused;
    /// A layer sees each job once, before its store is chosen.
    a_layer_is_asked_before_the_store_is_chosen;
    /// A job is found in whichever store it is; a signal is told in each, and again changes nothing.
    all_stores_are_asked_and_told;
    /// A job that is written in a caller's own way goes to the store that it belongs to.
    who_writes_himself_gets_the_store_and_the_job;
    /// S-45: args are encrypted in whichever store, by the keys of all.
    args_are_encrypted_in_whichever_store;
}

async fn number(stores: &Stores, name: &str) -> usize {
    let client = stores.client(name).await.expect("it opens");
    client
        .counts()
        .await
        .expect("counted")
        .by_queue
        .values()
        .flat_map(|of| of.values())
        .sum::<u64>() as usize
}

async fn jobs_and_events_go_where_their_routes_say(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores();
    for (draft, expected) in [
        (note("plain").job(), "us"),
        (eu_note("by queue"), "eu"),
        (note("by subject").job().subject("tenant", "acme"), "eu"),
        (note("first fits").job().tag("region:us").subject("tenant", "acme"), "us"),
        (eu_note("first fits").tag("region:us"), "eu"),
    ] {
        let id = stores.enqueue(draft).await.expect("written").id();
        let (store, job) = stores.job(id).await.expect("asked").expect("it is there");
        assert_eq!((&*store, job.id), (expected, id));
    }
    assert_eq!((number(&stores, "eu").await, number(&stores, "us").await), (3, 2));
    let about = NewEvent::bare("order.paid").about(Subject::new("tenant", "acme"));
    for (event, expected) in
        [(NewEvent::bare("order.paid"), "us"), (NewEvent::bare("eu.paid"), "eu"), (about, "eu")]
    {
        let id = stores.publish(event).await.expect("published").id();
        let client = stores.client(expected).await.expect("open");
        assert!(client.event(id).await.expect("asked").is_some(), "{expected}");
    }
    let many = stores.enqueue_all(["a", "b"].map(eu_note)).await.expect("written");
    assert_eq!((many.len(), number(&stores, "eu").await), (2, 5));
    let batch = stores.start(Batch::new().jobs(["a", "b"].map(eu_note))).await.expect("started");
    let client = stores.client("eu").await.expect("open");
    assert!(client.batch(batch.id()).await.expect("asked").is_some());
}

async fn what_belongs_to_two_stores_is_refused(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores();
    let mixed = || [eu_note("a"), note("b").job()];
    let is_refused = |answer: Result<(), StoreError>, of: &str| {
        let error = answer.expect_err("two stores");
        assert!(
            matches!(&error, StoreError::Refused(Refusal::TwoStores { what, one, other })
                if *what == of && one == "eu" && other == "us"),
            "{error}"
        );
        assert!(error.to_string().contains("make one call for each store"), "{error}");
    };
    is_refused(stores.enqueue_all(mixed()).await.map(drop), "jobs");
    is_refused(stores.start(Batch::new().jobs(mixed())).await.map(drop), "jobs");
    let events = ["eu.paid", "order.paid"].map(NewEvent::bare);
    is_refused(stores.publish_all(events).await.map(drop), "events");
    assert_eq!((number(&stores, "eu").await, number(&stores, "us").await), (0, 0));
    assert_eq!(stores.client("eu").await.expect("open").event_log().await.expect("read").last, 0);
    let none: [super::Note; 0] = [];
    assert!(stores.enqueue_all(none).await.expect("nothing to do").is_empty());
}

/// Puts what has no region into one, and counts.
struct Region(Arc<AtomicUsize>);

impl EnqueueLayer for Region {
    fn name(&self) -> &'static str {
        "region"
    }

    fn on_enqueue(&self, job: &mut NewJob) -> Result<(), String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        job.queue = "eu-by-layer".to_owned();
        Ok(())
    }
}

async fn a_layer_is_asked_before_the_store_is_chosen(database: TestDatabase) {
    let asked = Arc::new(AtomicUsize::new(0));
    let pair = Pair::beside(database);
    let stores = pair.stores().with_origin("shop");
    let stores = stores.with_layer(Region(Arc::clone(&asked)));
    let id = stores.enqueue(note("a")).await.expect("written").id();
    let (store, job) = stores.job(id).await.expect("asked").expect("it is there");
    assert_eq!((&*store, job.queue.as_str()), ("eu", "eu-by-layer"));
    assert_eq!((job.origin.as_deref(), asked.load(Ordering::Relaxed)), (Some("shop"), 1));
    let client = stores.client("us").await.expect("open");
    let own = client.enqueue(note("b")).await.expect("written").id();
    let own = client.job(own).await.expect("asked").expect("it stays in its client's store");
    assert_eq!((own.origin.as_deref(), asked.load(Ordering::Relaxed)), (Some("shop"), 2));
}

async fn all_stores_are_asked_and_told(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores();
    let waits = eu_note("waits").on_signal("approval:7");
    let id = stores.enqueue(waits).await.expect("written").id();
    let told = stores.signal(&Signal::new("approval:7")).await;
    let told: Vec<_> = told.into_iter().map(|(store, told)| (store, told.expect("told"))).collect();
    let answers: Vec<(&str, SignalAnswer)> =
        told.iter().map(|(store, told)| (&**store, told.answer)).collect();
    assert_eq!(answers, [("eu", SignalAnswer::Met), ("us", SignalAnswer::Kept)]);
    for (store, again) in stores.signal(&Signal::new("approval:7")).await {
        assert_eq!(again.expect("told").answer, SignalAnswer::Duplicate, "{store}");
    }
    assert!(stores.job(id).await.expect("asked").is_some());
    assert!(stores.job(windlass::JobId::new()).await.expect("all were asked").is_none());
    let counted = stores.each(|client| async move { client.counts().await }).await;
    let names: Vec<&str> = counted.iter().map(|(store, _)| &**store).collect();
    assert_eq!(names, ["eu", "us"]);
}

async fn who_writes_himself_gets_the_store_and_the_job(database: TestDatabase) {
    let pair = Pair::beside(database);
    let stores = pair.stores().with_origin("shop");
    let (client, job) = stores.client_for(eu_note("a")).await.expect("open");
    let id = client.enqueue(job).await.expect("written").id();
    let (store, job) = stores.job(id).await.expect("asked").expect("there");
    assert_eq!((&*store, job.origin.as_deref()), ("eu", Some("shop")));
}

async fn args_are_encrypted_in_whichever_store(database: TestDatabase) {
    let keys = Keys::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a key");
    let pair = Pair::beside(database);
    let stores = pair.stores().encrypting(keys);
    for draft in [eu_note("canary-4711"), note("canary-4711").job()] {
        let id = stores.enqueue(draft).await.expect("written").id();
        let (store, job) = stores.job(id).await.expect("asked").expect("there");
        assert!(!job.args.as_str().contains("canary"), "{store}");
        let client = stores.client(&store).await.expect("open");
        assert!(client.args_of(&job).expect("it has the key").as_str().contains("canary-4711"));
    }
}

/// Bad input: each mistake in names, URLs and routes is told before anything is opened.
#[test]
fn what_makes_no_sense_is_refused_with_its_name() {
    type Urls<'a> = &'a [(&'a str, &'a str)];
    const TWO: Urls<'_> = &[("eu", "sqlite:eu.db"), ("us", "sqlite:us.db")];
    let long = "x".repeat(65);
    let cases: &[(Urls<'_>, Routes, &str)] = &[
        (&[], Routes::otherwise("us"), "there is no store"),
        (&[("", "sqlite:a")], Routes::otherwise(""), "cannot be the name"),
        (&[("a/b", "sqlite:a")], Routes::otherwise("a/b"), "cannot be the name"),
        (&[("..", "sqlite:a")], Routes::otherwise(".."), "cannot be the name"),
        (&[(&long, "sqlite:a")], Routes::otherwise("a"), "cannot be the name"),
        (&[("a", "sqlite:a"), ("a", "sqlite:b")], Routes::otherwise("a"), "two stores `a`"),
        (&[("a", "sqlite:a"), ("b", "sqlite:a")], Routes::otherwise("a"), "have one URL"),
        (&[("a", "mysql://me:secret@h/d")], Routes::otherwise("a"), "store `a`: `mysql://me@h/d`"),
        (TWO, Routes::otherwise("uk"), "what no route fits names the store `uk`"),
        (TWO, routes().queue("x", "asia"), "the route queue = \"x\" names the store `asia`"),
        (TWO, routes().tag("", "eu"), "the route tag = \"\" is empty"),
    ];
    for (urls, routes, expected) in cases {
        let refused: StoresError =
            Stores::of(urls.iter().copied(), routes.clone()).expect_err(expected);
        assert!(refused.to_string().contains(expected), "{refused}");
    }
    let stores = Stores::of(TWO.iter().copied(), routes()).expect("stores");
    assert!(!format!("{stores:?}").contains("sqlite:"), "URLs may have passwords");
}

/// An unknown name says which there are.
#[tokio::test]
async fn an_unknown_name_says_which_there_are() {
    let stores = Stores::of([("eu", "sqlite:eu.db")], Routes::otherwise("eu")).expect("stores");
    let error = stores.client("us").await.expect_err("there is none");
    assert_eq!(error.to_string(), "store us (there are eu) does not exist");
}
