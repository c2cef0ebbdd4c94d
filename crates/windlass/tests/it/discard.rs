//! Programs without a database: none is an error, and the store that keeps nothing is chosen by name.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::SubscriberExt as _;
use windlass::condition::Signal;
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::store::{DiscardStore, Discarded};
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{Enqueued, StartError, StoreError, Unusable};

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "mail.welcome")]
struct Welcome {
    user: u32,
}

/// E15: where no store is named, none is opened, and the error names what can be: so nothing is thrown away by mistake.
#[tokio::test]
async fn a_program_without_a_database_is_told() {
    for url in ["", "discard", "discard:app.db", "null:"] {
        for opened in [windlass::open(url).await, windlass::open_checked(url).await] {
            let Err(StoreError::Unusable { kind: Unusable::Url, reason }) = opened else {
                panic!("{url} is not a store");
            };
            assert!(reason.contains("expected sqlite:PATH"), "{reason}");
        }
    }
    let reason = windlass::open("").await.err().expect("none").to_string();
    assert!(reason.contains("no store is named") && reason.contains("discard:"), "{reason}");
    let refused = windlass::migrate("discard:").await.expect_err("it has no schema").to_string();
    assert!(refused.contains("keeps nothing"), "{refused}");
}

/// E15: a store that was chosen for it takes events and jobs, also within a transaction, and counts them; none of them is anywhere.
#[tokio::test]
async fn a_store_that_discards_counts_what_it_is_given() {
    let client = Client::new(windlass::open(DiscardStore::URL).await.expect("it opens"));
    assert_eq!(client.discarded(), Some(Discarded::default()));
    let first = client.publish(NewEvent::bare("order.paid").given("1")).await.expect("taken");
    let again = client.publish(NewEvent::bare("order.paid").given("1")).await.expect("taken");
    assert_ne!(first.id(), again.id(), "it remembers nothing");
    let many = (0..3).map(|_| NewEvent::bare("order.sent"));
    assert_eq!(client.publish_all(many).await.expect("taken").len(), 3);
    let job = client.enqueue(Welcome { user: 1 }).await.expect("taken");
    assert!(matches!(job, Enqueued::New(_)));
    client.enqueue_all((0..4).map(|user| Welcome { user })).await.expect("taken");
    client.signal(Signal::new("done")).await.expect("taken");
    let discarded = Discarded { events: 5, jobs: 5, signals: 1 };
    assert_eq!(client.discarded(), Some(discarded));

    // A database without a table of ours.
    let mut connection = rusqlite::Connection::open_in_memory().expect("opened");
    let tx = connection.transaction().expect("begun");
    client.within(&tx).publish_blocking(NewEvent::bare("order.paid")).expect("taken");
    client.within(&tx).enqueue_blocking(Welcome { user: 1 }).expect("taken");
    client.within(&tx).signal_blocking(Signal::new("done")).expect("taken");
    client.within(&tx).publish_all_blocking([NewEvent::bare("a")]).expect("taken");
    client.within(&tx).enqueue_all_blocking([Welcome { user: 1 }]).expect("taken");
    tx.commit().expect("committed");
    let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.expect("connected");
    client.within(&pool).publish(NewEvent::bare("order.paid")).await.expect("taken");
    client.within(&pool).publish_all([NewEvent::bare("a")]).await.expect("taken");
    client.within(&pool).enqueue(Welcome { user: 1 }).await.expect("taken");
    client.within(&pool).enqueue_all([Welcome { user: 1 }]).await.expect("taken");
    client.within(&pool).signal(Signal::new("done")).await.expect("taken");
    let discarded = Discarded { events: 9, jobs: 9, signals: 3 };
    assert_eq!(client.discarded(), Some(discarded));
    assert_eq!(client.clone().discarded(), Some(discarded), "one count for all");
}

/// E15: what is refused by a database is refused there too, and counts as nothing.
#[tokio::test]
async fn what_cannot_be_stored_is_not_discarded() {
    let client = Client::new(windlass::open("discard:").await.expect("it opens"));
    let refused = client.publish(NewEvent::bare("")).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(client.discarded(), Some(Discarded::default()));
}

/// E15: it can do nothing else, and says so: a worker does not start, and nothing can be asked for.
#[tokio::test]
async fn a_store_that_discards_refuses_the_rest() {
    let store: Arc<dyn windlass::store::Store> = Arc::new(DiscardStore::open());
    let client = Client::new(Arc::clone(&store));
    let job = client.enqueue(Welcome { user: 1 }).await.expect("taken").id();
    let filter = Filter::of_types(["*"]).build().expect("a filter");
    let subscription = Subscription::new(filter, Welcome::KIND);
    for refused in [
        client.job(job).await.err(),
        client.counts().await.err(),
        client.events(0, 1).await.err(),
        client.subscribe("all", &subscription, Start::After(0)).await.err(),
        client.cancel(&[job], "no").await.err(),
    ] {
        let reason = refused.expect("refused").to_string();
        assert!(reason.contains("`discard:` keeps nothing"), "{reason}");
        assert!(reason.contains("name a database"), "{reason}");
    }
    let worker =
        Worker::new(store, ()).handle_fn(async |_: Welcome, _: Context| Ok::<_, JobError>(()));
    let refused = worker.start().await.expect_err("it does not start");
    assert!(matches!(refused, StartError::Store(StoreError::Unusable { .. })), "{refused}");
}

/// E15: that a program discards is logged once, when the store is opened.
#[tokio::test]
async fn that_it_discards_is_logged_once() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let client = Client::new(windlass::open("discard:").await.expect("it opens"));
    for _ in 0..10 {
        client.publish(NewEvent::bare("order.paid")).await.expect("taken");
    }
    assert_eq!(*lines.0.lock().expect("whole"), ["WARN windlass_core::discard"]);
}

/// The level and the target of each line of Windlass.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let at = event.metadata();
        if at.target().starts_with("windlass") {
            let line = format!("{} {}", at.level(), at.target());
            self.0.lock().expect("whole").push(line);
        }
    }
}
