//! A cluster of one test can be stopped, killed and started again.

use std::sync::Arc;

use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::{PostgresDatabase, run};
use windlass_testkit::draft::jobs;
use windlass_testkit::fixture::StoreFixture;

/// I-D7 in part: what was acknowledged before the server was killed is there after the restart.
#[test]
fn what_was_acknowledged_survives_a_killed_server() {
    let cluster = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    run(database, |fixture: StoreFixture| async move {
        fixture.enqueue(jobs(100)).await;
        cluster.kill();
        cluster.start();
        let store = fixture.another_store().await;
        let counts = store.counts().await.expect("jobs can be counted");
        assert_eq!(counts.total(), 100);
    });
}

/// I-D7 in part: the same without a checkpoint, and after an orderly stop.
#[test]
fn what_was_acknowledged_survives_a_stopped_server() {
    let cluster = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    run(database, |fixture: StoreFixture| async move {
        fixture.enqueue(jobs(100)).await;
        cluster.stop_at_once();
        cluster.start();
        cluster.stop();
        cluster.start();
        let store = fixture.another_store().await;
        let counts = store.counts().await.expect("jobs can be counted");
        assert_eq!(counts.total(), 100);
    });
}

/// The password is asked for where the connection comes over the network.
#[test]
fn a_database_is_reached_over_the_loopback_interface_too() {
    let cluster = Cluster::shared();
    let database = cluster.database();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    let url = cluster.tcp_url(&database.name);
    let opened = runtime.block_on(windlass_postgres::PostgresStore::migrate(&url));
    assert!(opened.expect("it can be reached") > 0);
}
