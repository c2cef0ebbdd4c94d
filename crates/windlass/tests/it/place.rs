//! Where a test works: a database of its own on one of the stores.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use windlass::store::Store;
use windlass::{Client, Event, JobId, JobRecord};
use windlass_testkit::database::{Database, PostgresDatabase};

/// Nothing awaited here takes longer unless it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

enum Kind {
    Sqlite(TempDir),
    Postgres(Box<PostgresDatabase>),
}

/// A database of one test.
pub(crate) struct Place(Kind);

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self(Kind::Sqlite(tempfile::tempdir().expect("a folder")))
    }

    pub(crate) fn postgres() -> Self {
        Self(Kind::Postgres(Box::new(PostgresDatabase::fresh())))
    }

    pub(crate) fn url(&self) -> String {
        match &self.0 {
            Kind::Sqlite(folder) => format!("sqlite:{}", folder.path().join("app.db").display()),
            Kind::Postgres(database) => database.url(),
        }
    }

    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        windlass::open(&self.url()).await.expect("the store opens")
    }
}

/// Runs each behaviour, an `async fn(Place)`, as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        mod sqlite {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::place::Place::sqlite()).await; })+
        }
        mod postgres {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::place::Place::postgres()).await; })+
        }
    };
}
pub(crate) use on_both_stores;

/// The record of a job that has ended.
pub(crate) async fn ended(client: &Client, id: JobId) -> JobRecord {
    tokio::time::timeout(SOON, client.ended(id))
        .await
        .expect("it ends soon")
        .expect("it can be read")
}

/// Waits for the first event that fits.
pub(crate) async fn event(events: &mut Receiver<Event>, fits: impl Fn(&Event) -> bool) -> Event {
    let wait = async {
        loop {
            let event = events.recv().await.expect("the worker lives");
            if fits(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(SOON, wait).await.expect("the event comes soon")
}

/// A connection of the application's own, and what drives it.
pub(crate) struct Connection {
    pub(crate) client: tokio_postgres::Client,
    _driver: tokio::task::JoinSet<Result<(), tokio_postgres::Error>>,
}

pub(crate) async fn connect(place: &Place) -> Connection {
    connect_to(&place.url()).await
}

pub(crate) async fn connect_to(url: &str) -> Connection {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connected");
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    Connection { client, _driver: driver }
}
