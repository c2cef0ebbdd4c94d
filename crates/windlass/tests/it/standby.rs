//! A standby, as a program that reads it sees it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing_subscriber::layer::SubscriberExt as _;
use windlass::standby::{Standby, Standing};
use windlass::store::{Now, Store};
use windlass::{Client, Json, NewJob, StoreError, Unusable};
use windlass_testkit::cluster::{Cluster, OwnDatabase};
use windlass_testkit::fault::patience::eventually;

/// A primary with a store, and its standby.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    database: OwnDatabase,
    store: Arc<dyn Store>,
}

impl Pair {
    async fn new() -> Self {
        let primary = Cluster::private();
        let database = primary.database();
        let store = windlass::open(&primary.url(&database.name)).await.expect("the store opens");
        let standby = primary.standby();
        standby.catch_up(&primary);
        Self { primary, standby, database, store }
    }

    fn urls(&self) -> (String, String) {
        (self.standby.url(&self.database.name), self.primary.url(&self.database.name))
    }

    async fn reader(&self) -> Standby {
        let (standby, primary) = self.urls();
        windlass::open_standby(&standby, &primary).await.expect("it is a standby")
    }
}

/// The moment up to which it has everything, as soon as that is known to be later than this one.
async fn as_of(standby: &Standby, after: Instant) -> Instant {
    eventually("it has everything", || async {
        match standby.standing().await {
            Standing::Current(as_of) => Some(as_of).filter(|as_of| *as_of > after),
            _ => None,
        }
    })
    .await
}

async fn refused(standby: &str, primary: &str) -> (Unusable, String) {
    match windlass::open_standby(standby, primary).await {
        Err(StoreError::Unusable { kind, reason }) => (kind, reason),
        other => panic!("{standby}: {other:?}"),
    }
}

/// An idle primary makes its standby no older; and a standby writes nothing.
#[tokio::test]
async fn a_standby_of_an_idle_primary_stays_new_and_only_reads() {
    let pair = Pair::new().await;
    let standby = pair.reader().await.with_max_age(Duration::from_secs(3_600));
    let first = as_of(&standby, Instant::now()).await;
    let later = as_of(&standby, first + Duration::from_secs(2)).await;
    assert!(standby.age().expect("known") <= later.elapsed());
    let store = standby.store().expect("it was reached");
    assert!(
        store
            .jobs(&windlass::job::Filter::default(), windlass::job::Page { before: None, limit: 5 })
            .await
            .expect("read")
            .is_empty()
    );
    assert!(store.facts().await.expect("read").log_bytes.is_some());
    let refused =
        Client::new(Arc::clone(&store)).enqueue(NewJob::new("work", Json::stored("{}"))).await;
    let refused = refused.expect_err("it only reads").to_string();
    assert!(refused.contains("the primary alone writes"), "{refused}");
    let refused = store.tidy(Now::Database).await.expect_err("it only reads").to_string();
    assert!(refused.starts_with("tidy is not for a standby"), "{refused}");
}

/// C36: whatever else than a standby of the store's database answers at its URL is refused at the start.
#[tokio::test]
async fn what_is_not_a_standby_of_the_store_is_refused() {
    let pair = Pair::new().await;
    let (standby, primary) = pair.urls();
    let (kind, reason) = refused(&primary, &primary).await;
    assert!(
        kind == Unusable::Server && reason.contains("this server is not a standby"),
        "{reason}"
    );
    let (kind, reason) = refused("sqlite:app.db", &primary).await;
    assert!(kind == Unusable::Url && reason.contains("SQLite has none"), "{reason}");
    let (kind, reason) = refused(&standby, "sqlite:app.db").await;
    assert!(kind == Unusable::Url && reason.contains("only PostgreSQL"), "{reason}");
    let (kind, reason) = refused(&format!("{standby}?schema=jobs"), &primary).await;
    assert!(kind == Unusable::Url && reason.contains("say schema=windlass in both"), "{reason}");
    let shared = Cluster::shared();
    let elsewhere = shared.database();
    let url = shared.url(&elsewhere.name);
    windlass::open(&url).await.expect("the store opens");
    let (kind, reason) = refused(&standby, &url).await;
    assert!(kind == Unusable::Server && reason.contains("of another server"), "{reason}");
    let other = pair.primary.database();
    windlass::open(&pair.primary.url(&other.name)).await.expect("the store opens");
    pair.standby.catch_up(&pair.primary);
    let (kind, reason) = refused(&pair.standby.url(&other.name), &primary).await;
    assert!(kind == Unusable::Server && reason.contains("another database"), "{reason}");
}

/// C36: a standby whose schema is older or newer than the program is refused, and told what to do.
#[tokio::test]
async fn a_standby_of_another_schema_is_refused() {
    let pair = Pair::new().await;
    let (standby, primary) = pair.urls();
    let is_version = |version: u32| {
        let change = format!("update windlass.schema_version set version = {version}");
        drop(pair.primary.ask(&pair.database.name, &change));
        pair.standby.catch_up(&pair.primary);
    };
    is_version(999);
    let (kind, reason) = refused(&standby, &primary).await;
    assert!(kind == Unusable::Schema && reason.contains("update this program"), "{reason}");
    // As old as it is before it has replayed what migrates it.
    is_version(0);
    let opened = windlass::open_standby(&standby, &primary).await.expect("it is to come");
    let Standing::Away(reason) = opened.standing().await else { panic!("it cannot be read") };
    assert!(reason.contains("it has not replayed that yet"), "{reason}");
    assert!(opened.store().is_none(), "and is not read");
}

/// Of several servers nobody knows whose age it is that was asked for.
#[tokio::test]
async fn one_standby_is_named() {
    let several = "postgres://app@a,b/app";
    let (kind, reason) = refused(several, "postgres://app@c/app").await;
    assert!(kind == Unusable::Url && reason.contains("name one server"), "{reason}");
}

/// A role that may only read what Windlass has is enough on the standby, and one without any right on the primary.
#[tokio::test]
async fn a_role_that_only_reads_is_enough() {
    let pair = Pair::new().await;
    let grants = "create role reader login; grant usage on schema windlass to reader; \
         grant select on all tables in schema windlass to reader";
    drop(pair.primary.ask(&pair.database.name, grants));
    pair.standby.catch_up(&pair.primary);
    let (standby, primary) = pair.urls();
    let by_reader = |url: String| url.replacen("windlass@", "reader@", 1);
    let standby = windlass::open_standby(&by_reader(standby), &by_reader(primary)).await;
    let standby = standby.expect("it opens").with_max_age(Duration::from_secs(3_600));
    as_of(&standby, Instant::now()).await;
    standby.store().expect("reached").counts().await.expect("read");
}

/// Faults: after a failover the standby of the old primary is not asked, though its log is as long; it is once it follows the new one.
#[tokio::test]
async fn a_standby_of_the_old_primary_is_not_asked() {
    let pair = Pair::new().await;
    let other = pair.primary.standby();
    other.catch_up(&pair.primary);
    let name = &pair.database.name;
    let urls = (other.url(name), pair.primary.url_of_either(&pair.standby, name));
    let reader = windlass::open_standby(&urls.0, &urls.1).await.expect("it is a standby");
    let reader = reader.with_max_age(Duration::from_secs(3_600));
    as_of(&reader, Instant::now()).await;
    pair.primary.kill();
    pair.standby.promote();
    let standing = eventually("the new primary is asked", || async {
        Some(reader.standing().await).filter(|standing| matches!(standing, Standing::Unfit(_)))
    })
    .await;
    assert!(matches!(&standing, Standing::Unfit(reason) if reason.contains("another timeline")));
    other.follow(&pair.standby);
    as_of(&reader, Instant::now()).await;
}

/// Faults: a standby that is away does not keep a program from starting, is told of once, and is asked once it is there.
#[tokio::test]
async fn a_standby_that_is_away_is_told_of_once() {
    let pair = Pair::new().await;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    pair.standby.stop();
    let reader = pair.reader().await.with_max_age(Duration::from_secs(3_600));
    for _ in 0..3 {
        reader.doubt();
        assert!(matches!(reader.standing().await, Standing::Away(_)));
    }
    assert!(reader.store().is_none());
    pair.standby.start();
    as_of(&reader, Instant::now()).await;
    assert!(reader.store().is_some());
    drop(pair.store);
    let told = lines.0.lock().expect("whole").clone();
    assert_eq!(told, ["WARN windlass_core::standby", "INFO windlass_core::standby"]);
}

/// The level and the target of each line about standbys.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let at = event.metadata();
        if at.target().starts_with("windlass_core::standby") {
            self.0.lock().expect("whole").push(format!("{} {}", at.level(), at.target()));
        }
    }
}
