//! A database that goes away and comes back.

use std::sync::Arc;
use std::time::Duration;

use windlass_core::job::State;
use windlass_core::limits::RECONNECT_CAP;
use windlass_core::store::Now;
use windlass_core::time::{Timestamp, micros};
use windlass_core::worker::Registration;
use windlass_testkit::cluster::Cluster;
use windlass_testkit::database::{PostgresDatabase, run};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fault::clock;
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::fixture::{MINUTE, StoreFixture};
use windlass_testkit::history::record::Event;
use windlass_testkit::worker::worker;

/// Longer than anything here lasts.
const HOUR: Duration = MINUTE.saturating_mul(60);
/// What a start may need beyond the longest back-off.
const MARGIN: Duration = Duration::from_secs(1);

/// I-W4, T47, I-D1–I-D3 at F-13: work goes on by itself within the longest back-off, and none is
/// lost.
#[test]
fn work_goes_on_after_a_restart_under_load() {
    let (cluster, database) = private();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        fixture.enqueue(jobs(300).map(|job| job.kind("sleep").args("20"))).await;
        let mut worker = fixture.ready(&patient(&fixture)).await;
        fixture.starts(30).await;
        let began = clock::now();
        cluster.stop_at_once();
        fixture.journal.note(Event::Crashed { began });
        cluster.start();
        let up = clock::now();
        let next = fixture.record("a start after the outage", |record| {
            let is_start = matches!(record.event, Event::Start { .. });
            (is_start && record.at > up).then_some(record.at)
        });
        let took = Duration::from_nanos(next.await - up);
        println!("the first job started {took:?} after the database was back");
        assert!(took < RECONNECT_CAP + MARGIN, "{took:?}");
        let counts = fixture.drained().await;
        assert_eq!(counts.of(State::Completed), 300);
        worker.terminate();
        assert_eq!(worker.ended().await, Some(0), "the process was never restarted");
        fixture.judge().await;
    });
}

/// C39: an attempt that ends while the database is away is written when it is back.
#[test]
fn an_end_is_written_after_the_outage() {
    let (cluster, database) = private();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        let id = fixture.enqueue([job().kind("gate")]).await[0];
        let _worker = fixture.ready(&patient(&fixture)).await;
        fixture.starts(1).await;
        let began = clock::now();
        cluster.stop_at_once();
        fixture.journal.note(Event::Crashed { began });
        fixture.open_gate();
        let is_end = |event: &Event| matches!(event, Event::End { .. });
        fixture.record("the handler ends", |record| is_end(&record.event).then_some(())).await;
        cluster.start();
        fixture.drained().await;
        let record = fixture.job(id).await;
        assert_eq!((record.state, record.attempt), (State::Completed, 1));
        fixture.judge().await;
    });
}

/// T47: connections that died while nobody used them cost the next job nothing.
#[test]
fn the_first_job_after_an_idle_outage_is_taken_and_runs() {
    let (cluster, database) = private();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        let _worker = fixture.ready(&patient(&fixture)).await;
        cluster.stop();
        cluster.start();
        let up = clock::now();
        // The kernel tells the driver of the closed socket a moment later.
        eventually("the store answers", || async { fixture.store.facts().await.ok() }).await;
        fixture.enqueue([job().kind("ok")]).await;
        let starts = fixture.starts(1).await;
        let took = Duration::from_nanos(starts[0].at - up);
        println!("an idle worker took a job {took:?} after the database was back");
        assert!(took < RECONNECT_CAP + MARGIN, "{took:?}");
        let counts = fixture.drained().await;
        assert_eq!(counts.of(State::Completed), 1);
    });
}

/// I-L5, I-D2: a server that was away for some seconds has ended every session. That its workers come back one after
/// the other makes none of them dead: what runs goes on, and nothing runs twice.
#[test]
fn a_restart_makes_no_worker_dead() {
    const AWAY: Duration = Duration::from_secs(3);
    let (cluster, database) = private();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        let ids = fixture.enqueue(jobs(12).map(|job| job.kind("gate"))).await;
        let settings = Settings { slots: 4, prefetch: 0, ..patient(&fixture) };
        let workers: Vec<_> = (0..3).map(|_| fixture.start(&settings)).collect();
        fixture.starts(12).await;
        // Claims alone do not wait for the disk, and may be undone: a commit that does takes them with it.
        fixture.enqueue([job().kind("ok")]).await;
        let began = clock::now();
        cluster.stop_at_once();
        fixture.journal.note(Event::Crashed { began });
        let gone = std::time::Instant::now();
        eventually("some seconds", || async { (gone.elapsed() > AWAY).then_some(()) }).await;
        cluster.start();
        let up = clock::now();
        for worker in &workers {
            let renewed = |record: &windlass_testkit::history::record::Record| {
                let is_renewal = matches!(record.event, Event::Renewed { .. });
                (is_renewal && record.process == worker.pid() && record.at > up).then_some(())
            };
            fixture.record("a heartbeat after the outage", renewed).await;
        }
        fixture.open_gate();
        fixture.drained().await;
        for id in ids {
            let job = fixture.job(id).await;
            assert_eq!((job.state, job.attempt, job.losses), (State::Completed, 1, 0));
        }
        assert_eq!(fixture.started().len(), 13, "nothing ran twice");
        fixture.judge().await;
    });
}

/// I-L5: a heartbeat can be there again before the lock is. It does not shorten the time that a worker from before
/// the restart has for the lock.
#[test]
fn a_heartbeat_after_a_restart_does_not_hurry_the_lock() {
    let (cluster, database) = private();
    let name = database.name().to_owned();
    run(database, |fixture: StoreFixture| async move {
        let (store, other) = (fixture.store(), fixture.another_store().await);
        let began = Timestamp::wall_clock();
        let at = |millis| Now::At(began.after(Duration::from_millis(millis)));
        let an_hour_ago = Now::At(Timestamp::from_micros(began.as_micros() - micros(HOUR)));
        let long = || Registration { lease: HOUR * 2, ..worker().registration() };
        let (old, leader) = (long(), long());
        other.register(&old, an_hour_ago).await.expect("registered");
        store.register(&leader, at(0)).await.expect("registered");
        // Its lock is free from here on, and its lease goes on.
        drop(other);
        eventually("one lock", || async { (cluster.locks(&name) == 1).then_some(()) }).await;
        store.heartbeat(old.worker, HOUR.into(), at(0)).await.expect("renewed");
        for (millis, dead) in [(1, 0), (1_500, 0), (5_500, 0), (6_500, 1)] {
            let swept = store.sweep(leader.worker, at(millis)).await.expect("swept");
            assert_eq!((swept.leads, swept.dead_workers), (true, dead), "after {millis} ms");
        }
    });
}

/// I-L5: sessions that end again and again are made again quickly, so that nobody is held for dead.
#[test]
fn sessions_that_end_often_make_no_worker_dead() {
    let (cluster, database) = private();
    let name = database.name().to_owned();
    super::with_probes(database, |fixture: ProcessFixture| async move {
        let settings = Settings { slots: 4, prefetch: 0, ..patient(&fixture) };
        fixture.enqueue(jobs(8).map(|job| job.kind("gate"))).await;
        let _workers: Vec<_> = (0..2).map(|_| fixture.start(&settings)).collect();
        fixture.starts(8).await;
        for _ in 0..11 {
            eventually("both locks", || async { (cluster.locks(&name) == 2).then_some(()) }).await;
            let began = clock::now();
            cluster.end_sessions(&name);
            fixture.journal.note(Event::SessionsEnded { began });
        }
        fixture.open_gate();
        fixture.drained().await;
        assert_eq!(fixture.started().len(), 8, "nothing ran twice");
    });
}

fn private() -> (Arc<Cluster>, PostgresDatabase) {
    let cluster = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    (cluster, database)
}

/// A lease that outlives a restart of the server.
fn patient(fixture: &ProcessFixture) -> Settings {
    Settings { lease: Duration::from_secs(30), ..fixture.settings() }
}
