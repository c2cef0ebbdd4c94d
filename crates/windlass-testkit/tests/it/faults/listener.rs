//! The connection that listens dies, or falls silent.

use std::sync::Arc;

use tokio::time::timeout;
use windlass_core::client::Client;
use windlass_core::event::NewEvent;
use windlass_core::job::State;
use windlass_core::subscription::{Filter, Start, Subscription};
use windlass_testkit::cluster::{Cluster, Door};
use windlass_testkit::database::{PostgresDatabase, run};
use windlass_testkit::draft::job;
use windlass_testkit::fault::patience::{PATIENCE, eventually};
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fixture::{SECOND, StoreFixture};
use windlass_testkit::worker::worker;

/// C31, I-W1: while nobody can listen, jobs are found by polling; when somebody can, he does.
#[test]
fn jobs_are_found_while_nobody_listens() {
    let (cluster, database) = private();
    let name = database.name().to_owned();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        let _worker = fixture.ready(&fixture.settings()).await;
        // Afterwards everybody has the other connections that are needed.
        fixture.enqueue([job().kind("ok")]).await;
        fixture.drained().await;
        let first = cluster.listener(&name).expect("the worker listens");
        cluster.set_door(&name, Door::Closed);
        cluster.end_session(first);
        for done in 2..=6 {
            fixture.enqueue([job().kind("ok")]).await;
            let is_done = |counts: &_| completed(counts) == done;
            fixture.counts("the job is done", is_done).await;
            assert_eq!(cluster.listener(&name), None, "nobody was let in");
        }
        cluster.set_door(&name, Door::Open);
        let second =
            eventually("the worker listens again", || async { cluster.listener(&name) }).await;
        assert_ne!(first, second);
        fixture.enqueue([job().kind("ok")]).await;
        fixture.drained().await;
        fixture.judge().await;
    });
}

/// A22: while nobody can listen, events are still fed within a sweep; when somebody can, who publishes is heard again.
#[test]
fn events_are_fed_while_nobody_listens() {
    let (cluster, database) = private();
    let name = database.name().to_owned();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        let client = Client::new(Arc::clone(&fixture.store));
        let filter = Filter::of_types(["order.*"]).build().expect("a filter");
        let orders = Subscription::new(filter, "ok");
        client.subscribe("orders", &orders, Start::Now).await.expect("made");
        let _worker = fixture.ready(&fixture.settings()).await;
        let paid = async || client.publish(NewEvent::bare("order.paid")).await.expect("published");
        // Afterwards everybody has the other connections that are needed.
        paid().await;
        fixture.counts("it is done", |counts| completed(counts) == 1).await;
        let first = cluster.listener(&name).expect("the worker listens");
        cluster.set_door(&name, Door::Closed);
        cluster.end_session(first);
        for done in 2..=6 {
            paid().await;
            fixture.counts("it is fed and done", |counts| completed(counts) == done).await;
            assert_eq!(cluster.listener(&name), None, "nobody was let in");
        }
        cluster.set_door(&name, Door::Open);
        let second =
            eventually("the worker listens again", || async { cluster.listener(&name) }).await;
        assert_ne!(first, second);
        for done in 7..=11 {
            paid().await;
            fixture.counts("it is fed and done", |counts| completed(counts) == done).await;
        }
        fixture.judge().await;
    });
}

/// C31, X18: while nobody can listen the store says so, and workers that must know soon can poll.
#[test]
fn a_store_says_whether_it_hears() {
    let (cluster, database) = private();
    let name = database.name().to_owned();
    run(database, |fixture: StoreFixture| async move {
        let _worker = fixture.worker().await;
        let hears = |expected: bool| {
            let wakeups = fixture.store().wakeups();
            eventually(
                "it says so",
                move || async move { (wakeups.hears() == expected).then_some(()) },
            )
        };
        assert!(fixture.store().wakeups().hears());
        let listener = cluster.listener(&name).expect("the store listens");
        cluster.set_door(&name, Door::Closed);
        cluster.end_session(listener);
        hears(false).await;
        cluster.set_door(&name, Door::Open);
        hears(true).await;
    });
}

/// C31: a listening session that is ended is made again, and hears.
#[test]
fn an_ended_listener_is_made_again() {
    listens_again(Cluster::end_session, |_, _| {});
}

/// C31: one that is silent is noticed though nothing was closed, and is replaced.
#[test]
fn a_silent_listener_is_replaced() {
    // It can be ended only once it goes on; its worker has a new one long before.
    listens_again(Cluster::freeze_session, Cluster::thaw_session);
}

/// Breaks the listening session; its worker is woken, hears of jobs again, and is not taken for dead.
fn listens_again(break_it: fn(&Cluster, u32), repair: fn(&Cluster, u32)) {
    let (cluster, database) = private();
    let name = database.name().to_owned();
    run(database, |fixture: StoreFixture| async move {
        let process = fixture.another_store().await;
        let sleeper = fixture.start(worker().serving(&["x"])).await;
        fixture.start(worker().serving(&["y"])).await;
        let wake_handle = fixture.store().wakeups().add(sleeper.id(), vec!["x".to_owned()]);
        assert!(sleeper.claim(1).await.jobs.is_empty(), "it falls asleep");
        let first = cluster.listener(&name).expect("the store listens");
        break_it(&cluster, first);
        timeout(PATIENCE, wake_handle.work())
            .await
            .expect("everybody is woken when it is made again");
        let jobs = [job().queue("x").done()];
        process.enqueue(&jobs, fixture.now()).await.expect("it reaches the store");
        timeout(PATIENCE, wake_handle.work()).await.expect("it hears again");
        repair(&cluster, first);
        let is_other = || async { cluster.listener(&name).filter(|pid| *pid != first) };
        eventually("the new session has the locks", is_other).await;
        let sweeper = fixture.worker().await;
        for _ in 0..2 {
            assert_eq!(sweeper.sweep().await.dead_workers, 0);
            fixture.advance(SECOND);
        }
    });
}

fn completed(counts: &windlass_core::job::Counts) -> u64 {
    counts.of(State::Completed)
}

fn private() -> (Arc<Cluster>, PostgresDatabase) {
    let cluster = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    (cluster, database)
}
