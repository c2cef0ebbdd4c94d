//! Starts that end at once, because no waiting would help: C36.

use std::time::{Duration, Instant};

use windlass::{StartError, StoreError, Unusable};

use crate::probes::StoreFixture;
use crate::test_database::{TestDatabase, connect};

/// What a start that cannot work may take.
const AT_ONCE: Duration = Duration::from_secs(5);

/// C36: a worker that is allowed too few connections is not started, and told how many it needs.
#[tokio::test]
async fn too_few_connections_are_refused_with_the_number_needed() {
    let database = TestDatabase::postgres();
    for allowed in ["connections=1", "connections=2"] {
        let (kind, reason) = refused(&database, allowed).await;
        assert_eq!(kind, Unusable::Url, "{reason}");
        assert!(reason.contains("needs 3 connections"), "{reason}");
        assert!(reason.contains("say connections=3"), "{reason}");
    }
    let store = windlass::open(&with(&database, "connections=3")).await.expect("it opens");
    crate::engine::worker(&store, &StoreFixture::new(), 1).await.stop().await;
}

/// C36: a database that only reads, such as a replica, is refused.
#[tokio::test]
async fn a_database_that_only_reads_is_refused() {
    let database = TestDatabase::postgres();
    database.open().await;
    let (kind, reason) =
        refused(&database, "options=-c%20default_transaction_read_only%3Don").await;
    assert_eq!(kind, Unusable::Server, "{reason}");
    assert!(reason.contains("connect to the primary"), "{reason}");
}

/// C36: a server that accepts connections and says nothing, as a frozen one does, is given up, and the next one of the URL is asked.
#[tokio::test]
async fn a_silent_server_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    let url = format!("postgres://app@127.0.0.1:{port}/app?connect_timeout=1");
    let error = windlass::open(&url).await.err();
    let Some(StoreError::Unavailable { reason }) = error else { panic!("{error:?}") };
    assert_eq!(reason, "no server has let us in within 2 s");

    let database = windlass_testkit::database::PostgresDatabase::fresh();
    let good = database.tcp_url();
    let (user, place) = good.split_once('@').expect("a user");
    let both = format!("{user}@127.0.0.1:{port},{place}?connect_timeout=1");
    windlass::open(&both).await.expect("the other one lets us in");
}

/// C36: a role that may not write is refused.
#[tokio::test]
async fn a_role_without_rights_is_refused() {
    let database = TestDatabase::postgres();
    database.open().await;
    let grants = "do $$ begin create role windlass_reader; exception when duplicate_object or unique_violation then end $$; \
         grant usage on schema windlass to windlass_reader; \
         grant select on all tables in schema windlass to windlass_reader";
    connect(&database).await.client.batch_execute(grants).await.expect("granted");
    let (kind, reason) = refused(&database, "options=-c%20role%3Dwindlass_reader").await;
    assert_eq!(kind, Unusable::Rights, "{reason}");
    assert!(reason.contains("the role needs all rights on the schema"), "{reason}");
}

/// Why a worker is not started on a store that can be opened with this option.
async fn refused(database: &TestDatabase, option: &str) -> (Unusable, String) {
    let store = windlass::open(&with(database, option)).await.expect("the store opens");
    let began = Instant::now();
    let start = crate::engine::described(&store, &StoreFixture::new(), 1).start();
    let refused = tokio::time::timeout(AT_ONCE, start).await.expect("it is refused at once");
    println!("refused after {:?}", began.elapsed());
    match refused {
        Err(StartError::Store(StoreError::Unusable { kind, reason })) => (kind, reason),
        other => panic!("{option}: {other:?}"),
    }
}

fn with(database: &TestDatabase, option: &str) -> String {
    format!("{}?{option}", database.url())
}
