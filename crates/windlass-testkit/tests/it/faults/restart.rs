//! What was acknowledged is there after the machine it was acknowledged by is not.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use windlass_core::store::Now;

use futures_util::future::join_all;
use windlass_core::id::JobId;
use windlass_core::job::{Filter, Page, State};
use windlass_core::store::Store;
use windlass_core::time::Timestamp;
use windlass_core::worker::Registration;
use windlass_postgres::{Migration, PostgresStore};
use windlass_testkit::cluster::{Cluster, OwnDatabase};
use windlass_testkit::database::{Database, Opening, PostgresDatabase, SqliteFile, run};
use windlass_testkit::draft::job;
use windlass_testkit::fault::patience::eventually;
use windlass_testkit::fault::probe;
use windlass_testkit::fault::process_fixture::ProcessFixture;
use windlass_testkit::fault::settings::Settings;
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::worker::worker;

/// How long callers may be without an answer.
const STALL: Duration = Duration::from_secs(30);
/// Tells a process that it is the writer, and of which store.
const WRITER: &str = "WINDLASS_TEST_WRITER";
/// Calls at the same time, so that the writer is killed inside of some.
const AT_ONCE: usize = 20;

/// Not a test of its own but the process that the one below kills: it writes jobs and says which
/// were acknowledged, for as long as it is let.
#[test]
fn writer() {
    let Ok(url) = std::env::var(WRITER) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    runtime.block_on(async {
        let store = probe::open(&url).await.expect("the store opens");
        loop {
            join_all((0..AT_ONCE).map(|_| write(&*store))).await;
        }
    });
}

async fn write(store: &dyn Store) {
    let jobs = [job().bytes(2_000).done()];
    store.enqueue(&jobs, Now::Database).await.expect("it is written");
    let mut out = std::io::stdout().lock();
    writeln!(out, "wrote {}", jobs[0].id).expect("somebody reads");
}

/// T43, S1, I-D1: a process is killed in the middle of its writes, again and again; the file is
/// intact and has every job that was acknowledged.
#[test]
fn a_file_whose_writer_was_killed_has_what_was_acknowledged() {
    const KILLS: usize = 8;
    let (file, runtime) = (SqliteFile::fresh(), tokio::runtime::Runtime::new());
    let (url, runtime) = (file.url(), runtime.expect("a runtime can be started"));
    let there = || -> BTreeSet<JobId> {
        runtime.block_on(async {
            let store = file.open().await.expect("the store opens");
            let page = Page { before: None, limit: 100_000 };
            let found = store.jobs(&Filter::default(), page).await.expect("jobs can be listed");
            found.into_iter().map(|record| record.id).collect()
        })
    };
    assert!(there().is_empty());
    let mut acknowledged = BTreeSet::new();
    for kill in 1..=KILLS {
        // Not always at the same place, and nobody else has the file open.
        acknowledged.extend(killed_after(&url, 37 * kill));
        assert_eq!(check(&url), "ok");
        let there = there();
        assert!(acknowledged.is_subset(&there), "{:?}", acknowledged.difference(&there));
        assert!(there.len() <= acknowledged.len() + kill * AT_ONCE, "{} are there", there.len());
    }
    println!("{} jobs were acknowledged, {} are there", acknowledged.len(), there().len());
}

/// Kills a writer once so many of its writes were acknowledged; all that were.
fn killed_after(url: &str, writes: usize) -> Vec<JobId> {
    let mut writer = Command::new(std::env::current_exe().expect("a test is a program"));
    writer.args(["--exact", "faults::restart::writer", "--nocapture"]).env(WRITER, url);
    let mut writer = writer.stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(writer.stdout.take().expect("it is piped")).lines();
    let mut acknowledged = Vec::new();
    for line in lines {
        let line = line.expect("it speaks text");
        let Some(id) = line.split("wrote ").nth(1) else { continue };
        acknowledged.push(id.parse().expect("an id"));
        if acknowledged.len() == writes {
            writer.kill().expect("it can be killed");
        }
    }
    assert!(!writer.wait().expect("it ends").success(), "it was killed");
    assert!(acknowledged.len() >= writes, "only {} writes", acknowledged.len());
    acknowledged
}

fn check(url: &str) -> String {
    let path = url.trim_start_matches("sqlite:");
    let connection = rusqlite::Connection::open(path).expect("the file can be opened");
    let answer = connection.query_row("pragma integrity_check", [], |row| row.get(0));
    answer.expect("the file can be checked")
}

/// F-13, C7: after a restart of the server a worker whose session is gone has six seconds from the first sweep on, however long the
/// server took to recover: nobody could connect before.
#[test]
fn workers_have_time_to_come_back_after_a_long_recovery() {
    run(PostgresDatabase::fresh(), |fixture: StoreFixture| async move {
        let (day, now) = (Duration::from_secs(24 * 60 * 60), Timestamp::wall_clock());
        let older = Now::At(Timestamp::from_micros(0));
        let gone = Registration { lease: 100_000 * day, ..worker().registration() };
        let other = fixture.another_store().await;
        other.register(&gone, older).await.expect("it reaches the store");
        drop(other);
        let sweeper = worker().registration();
        let long_after = |time: Duration| Now::At(now.after(day).after(time));
        let first = long_after(Duration::ZERO);
        fixture.store().register(&sweeper, first).await.expect("it reaches the store");
        let sweep = async |time: Duration| {
            let swept = fixture.store().sweep(sweeper.worker, long_after(time)).await;
            swept.expect("it reaches the store")
        };
        let is_missed = async || sweep(Duration::ZERO).await.next_due;
        eventually("its session is missed", is_missed).await;
        for (seconds, dead) in [(1, 0), (5, 0), (6, 1)] {
            assert_eq!(sweep(Duration::from_secs(seconds)).await.dead_workers, dead, "{seconds}");
        }
    });
}

/// T43, S1, I-D1: the server crashes while callers write and a worker works, and recovers from its
/// log.
#[test]
fn callers_outlast_a_crash_of_their_server() {
    let cluster = Arc::new(Cluster::private());
    let database = PostgresDatabase::in_cluster(Arc::clone(&cluster));
    super::with_probes(database, |fixture: ProcessFixture| async move {
        outlasts(&fixture, || {
            cluster.stop_at_once();
            cluster.start();
        })
        .await;
    });
}

/// T43, S1, I-D1: the primary dies and its synchronous standby is promoted; the URL names both.
#[test]
fn callers_move_on_to_the_standby() {
    let primary = Cluster::private();
    let database = primary.database();
    let standby = primary.synchronous_standby();
    let url = primary.url_of_either(&standby, &database.name);
    super::with_probes(Pair { url, _database: database }, |fixture: ProcessFixture| async move {
        outlasts(&fixture, || {
            primary.kill();
            standby.promote();
        })
        .await;
    });
}

/// A database on a primary and its standby.
struct Pair {
    url: String,
    _database: OwnDatabase,
}

impl Database for Pair {
    fn open(&self) -> Opening<'_> {
        Box::pin(async move {
            let store = PostgresStore::open(&self.url, Migration::Apply).await?;
            Ok(Arc::new(store) as Arc<dyn Store>)
        })
    }

    fn url(&self) -> String {
        self.url.clone()
    }
}

/// Writes jobs before, during and after a failure; all that were acknowledged are completed, and
/// no caller was without an answer for longer than the bound.
async fn outlasts(fixture: &ProcessFixture, fail: impl FnOnce()) {
    let settings = Settings { lease: STALL, ..fixture.settings() };
    let _worker = fixture.ready(&settings).await;
    let mut acknowledged = BTreeSet::new();
    for _ in 0..50 {
        acknowledged.extend(fixture.enqueue([job().kind("ok")]).await);
    }
    let failed = Instant::now();
    fail();
    let first = eventually("a write is acknowledged", || async {
        let jobs = [job().kind("ok").done()];
        fixture.store.enqueue(&jobs, Now::Database).await.ok().map(|_| jobs[0].id)
    });
    acknowledged.insert(first.await);
    let stall = failed.elapsed();
    println!("the first write was acknowledged {stall:?} after the failure");
    assert!(stall < STALL, "{stall:?}");
    for _ in 0..50 {
        acknowledged.extend(fixture.enqueue([job().kind("ok")]).await);
    }
    fixture.drained().await;
    for id in &acknowledged {
        assert_eq!(fixture.job(*id).await.state, State::Completed);
    }
}
