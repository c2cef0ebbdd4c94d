//! What a worker holds of PostgreSQL while its handlers run, directly and through a pooler.

use std::sync::Arc;
use std::time::Duration;
use windlass_core::job::State;
use windlass_postgres::{Migration, PostgresStore};
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::PostgresDatabase;
use windlass_testkit::draft::jobs;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;

/// C9, C11: at most three connections, and no transaction of ours stays open.
#[test]
fn running_handlers_hold_neither_connections_nor_transactions() {
    let cluster = Arc::new(Cluster::shared());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    let name = database.name().to_owned();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        fixture.enqueue(jobs(50).map(|job| job.kind("sleep").args("2000"))).await;
        let store = format!("{}?application_name=probed", fixture.settings().store);
        let settings = Settings { store, slots: 50, ..fixture.settings() };
        let _worker = fixture.ready(&settings).await;
        fixture.starts(50).await;
        let (mut most, mut oldest) = (0, Duration::ZERO);
        let mut left = 1;
        while left > 0 {
            let sessions = cluster.sessions(&name, "probed");
            most = most.max(sessions.number);
            oldest = oldest.max(sessions.oldest_transaction);
            let counts = fixture.store.counts().await.expect("jobs can be counted");
            left = counts.of(State::Running);
        }
        println!("at most {most} connections, the oldest transaction {oldest:?}");
        assert!((1..=3).contains(&most), "{most} connections");
        assert!(oldest < Duration::from_secs(1), "a transaction of {oldest:?}");
    });
}

/// C10, F-15: five server connections, two hundred jobs, and the URL says what is in between.
#[test]
fn a_transaction_pooler_that_is_named_serves_many_jobs() {
    through_a_pooler("&pooler=transaction");
}

/// C10, F-15: the same where nobody says so.
#[test]
fn a_transaction_pooler_that_is_not_named_serves_many_jobs() {
    through_a_pooler("");
}

fn through_a_pooler(option: &'static str) {
    let cluster = Arc::new(Cluster::shared());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    let pooler = cluster.pooler(database.name());
    super::with_probes(database, |fixture: ProcessFixture| async move {
        fixture.enqueue(jobs(400).map(|job| job.kind("sleep").args("500"))).await;
        let store = format!("{}{option}", pooler.url());
        let settings = Settings { store, slots: 100, ..fixture.settings() };
        let mut workers = [fixture.ready(&settings).await, fixture.ready(&settings).await];
        let counts = fixture.drained().await;
        assert_eq!(counts.of(State::Completed), 400);
        let verdict = fixture.judge().await;
        assert_eq!((verdict.duplicate_starts, verdict.rescued), (0, 0), "nobody had died");
        for worker in &mut workers {
            worker.terminate();
            assert_eq!(worker.ended().await, Some(0));
        }
        drop(pooler);
    });
}

/// C10: where transactions begin with a snapshot of their own, sessions of ours are set otherwise, and a pooler is refused: no job
/// would learn that what it waits for has come.
#[tokio::test]
async fn a_pooler_whose_transactions_keep_their_snapshot_is_refused() {
    let database = PostgresDatabase::fresh();
    let option = "options=-cdefault_transaction_isolation%3Dserializable";
    let url = format!("{}?{option}", database.tcp_url());
    PostgresStore::open(&url, Migration::Apply).await.expect("sessions are ours");
    let through = PostgresStore::open(&format!("{url}&pooler=transaction"), Migration::Apply).await;
    let refused = through.expect_err("it is refused").to_string();
    assert!(refused.contains("transactions begin as serializable"), "{refused}");
}
