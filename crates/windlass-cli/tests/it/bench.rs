//! `windlass bench`: what it does to the store, not how fast it is.

use std::process::Command;

use serde_json::Value;
use windlass::job::Page;
use windlass::{Client, State};
use windlass_testkit::database::{Database, PostgresDatabase};

const JOBS: usize = 300;

/// Several processes leave nothing of a backlog, and what they did is counted together.
async fn two_processes_drain_a_backlog(url: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["bench", "drain", "--processes", "2", "--jobs", &JOBS.to_string(), "--slots", "10"])
        .args(["--json", "--store", url])
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!((&found["processes"], &found["jobs"]), (&2.into(), &JOBS.into()));

    let client = Client::new(windlass::open(url).await.expect("a store"));
    let jobs = client
        .jobs(&"".parse().expect("a filter"), Page { before: None, limit: JOBS + 1 })
        .await
        .expect("asked");
    let completed = jobs.iter().filter(|job| job.state == State::Completed).count();
    assert_eq!((jobs.len(), completed), (JOBS, JOBS));
    assert_eq!(client.store().workers().await.expect("asked").len(), 0);
}

#[tokio::test]
async fn two_processes_drain_a_backlog_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    two_processes_drain_a_backlog(&format!("sqlite:{}/jobs.db", folder.path().display())).await;
}

#[tokio::test]
async fn two_processes_drain_a_backlog_on_postgres() {
    let database = PostgresDatabase::fresh();
    two_processes_drain_a_backlog(&database.url()).await;
}

/// What one run of `windlass bench` says.
fn measured(url: &str, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args([&["bench", "--slots", "10", "--json", "--store", url][..], args].concat())
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {error}");
    serde_json::from_slice(&output.stdout).expect("a document")
}

/// A2: of pairs of signals that two processes send at the same moment, some in transactions that are rolled back and done again,
/// some twice, each makes its job run once; likewise the one that waits for a batch. Jobs that wait are left where they are.
async fn jobs_that_wait_are_measured(url: &str) {
    let runs = measured(url, &["rendezvous", "--jobs", "300"]);
    assert_eq!((&runs["jobs"], &runs["runs"]), (&300.into(), &300.into()));
    let runs = measured(url, &["fanin", "--jobs", "1500"]);
    assert_eq!((&runs["jobs"], &runs["runs"]), (&1_500.into(), &1.into()));
    let runs = measured(url, &["batch", "--jobs", "250", "--batch", "100"]);
    assert_eq!((&runs["jobs"], &runs["runs"]), (&250.into(), &3.into()));
    for mode in ["steps", "graph", "chunk"] {
        let found = measured(url, &[mode, "--jobs", "60"]);
        assert!(found["ratio"].is_number(), "{found}");
        assert_eq!(found["jobs"], 60);
    }
    let links = measured(url, &["chain", "--jobs", "50"]);
    assert!(links["p50_ms"].is_number() && links["ratio"].is_number(), "{links}");
    let drained = measured(url, &["drain", "--jobs", "300", "--waiting", "200"]);
    assert!(drained["ratio"].is_number() && drained["p99_ratio"].is_number(), "{drained}");
    let client = Client::new(windlass::open(url).await.expect("a store"));
    let counts = client.counts().await.expect("counted");
    let [waiting, available] = [State::Waiting, State::Available].map(|state| counts.of(state));
    // The graph's and those of the bulk enqueue beside it are left.
    assert_eq!((waiting, available), (200 + 59, 1 + 60));
}

#[tokio::test]
async fn jobs_that_wait_are_measured_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    jobs_that_wait_are_measured(&format!("sqlite:{}/jobs.db", folder.path().display())).await;
}

#[tokio::test]
async fn jobs_that_wait_are_measured_on_postgres() {
    let database = PostgresDatabase::fresh();
    jobs_that_wait_are_measured(&database.url()).await;
}

/// O10, O27: events become as many jobs as there are subscriptions that want them, in every measurement, and no subscription is left
/// behind.
async fn events_are_measured(url: &str) {
    let published = measured(url, &["publish", "--clients", "3", "--jobs", "40", "--feed"]);
    assert_eq!((&published["jobs"], &published["subscriptions"]), (&40.into(), &3.into()));
    let routed = measured(url, &["route", "--jobs", "700", "--subscriptions", "20"]);
    assert_eq!((&routed["jobs"], &routed["subscriptions"]), (&700.into(), &23.into()));
    for found in [published, routed] {
        assert!(found["ratio"].is_number(), "{found}");
    }
    let many = measured(url, &["fanout", "--subscriptions", "1200"]);
    assert!(many["longest_ms"].is_number() && many["jobs_per_s"].is_number(), "{many}");
    let replayed = measured(url, &["replay", "--jobs", "300", "--rate", "300"]);
    let picked_up = measured(url, &["latency", "--events", "--jobs", "3"]);
    for found in [replayed, picked_up] {
        assert!(found["beside_p50_ms"].is_number() && found["p99_ratio"].is_number(), "{found}");
    }
    let client = Client::new(windlass::open(url).await.expect("a store"));
    let available = client.counts().await.expect("counted").of(State::Available);
    assert_eq!(available, 3 * 40 + 3 * 700 + 1_200 + 300);
    assert_eq!(client.subscriptions().await.expect("asked").len(), 0);
}

#[tokio::test]
async fn events_are_measured_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    events_are_measured(&format!("sqlite:{}/jobs.db", folder.path().display())).await;
}

#[tokio::test]
async fn events_are_measured_on_postgres() {
    let database = PostgresDatabase::fresh();
    events_are_measured(&database.url()).await;
}

/// T8: programs and clients that know nothing of the store work all there is, and enqueue as the library does.
async fn what_goes_over_http_is_measured(url: &str) {
    let enqueued = measured(url, &["api", "--clients", "3", "--jobs", "50"]);
    assert_eq!((&enqueued["jobs"], &enqueued["clients"]), (&50.into(), &3.into()));
    assert!(enqueued["beside_p99_ms"].is_number(), "{enqueued}");
    let here = measured(url, &["worker-protocol", "--jobs", "120", "--processes", "2"]);
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workers/python/bench.py");
    let programs = measured(
        url,
        &["worker-protocol", "--jobs", "120", "--processes", "2", "--", "python3", python],
    );
    let node = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workers/node/bench.mjs");
    let node = measured(url, &["worker-protocol", "--jobs", "120", "--", "node", node]);
    for found in [&enqueued, &here, &programs, &node] {
        assert!(found["ratio"].is_number(), "{found}");
    }
    let client = Client::new(windlass::open(url).await.expect("a store"));
    let counts = client.counts().await.expect("counted");
    let [available, completed] = [State::Available, State::Completed].map(|state| counts.of(state));
    // Of each that is worked there is a plain drain beside it.
    assert_eq!((available, completed), (2 * 50, 2 * 3 * 120));
}

#[tokio::test]
async fn what_goes_over_http_is_measured_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    what_goes_over_http_is_measured(&format!("sqlite:{}/jobs.db", folder.path().display())).await;
}

#[tokio::test]
async fn what_goes_over_http_is_measured_on_postgres() {
    let database = PostgresDatabase::fresh();
    what_goes_over_http_is_measured(&database.url()).await;
}

/// A worker that cannot work is told, rather than waited for.
#[test]
fn a_worker_that_ends_early_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["bench", "worker-protocol", "--jobs", "10"])
        .args(["--store", &format!("sqlite:{}/jobs.db", folder.path().display())])
        .args(["--", "false"])
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("a worker ended early"), "{error}");
}

/// Other modes have one process, and say so.
#[test]
fn only_a_drain_has_several_processes() {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["bench", "bulk", "--processes", "2", "--store", "sqlite:never-made.db"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
}

/// Two stores have all jobs between them, half in each, and are measured beside one.
async fn two_stores_are_measured(url: &str, other: &str) {
    let both = measured(url, &["stores", "--jobs", "300", "--clients", "4", "--other", other]);
    assert_eq!(both["jobs"], 300);
    assert!(both["ratio"].as_f64().expect("measured") > 0.0, "{both}");
    let mut completed = Vec::new();
    for url in [url, other] {
        let client = Client::new(windlass::open(url).await.expect("a store"));
        completed.push(client.counts().await.expect("counted").of(State::Completed));
    }
    assert_eq!(completed, [450, 150], "300 in the first alone, 150 in each of both");
}

#[tokio::test]
async fn two_stores_are_measured_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = |name: &str| format!("sqlite:{}/{name}.db", folder.path().display());
    two_stores_are_measured(&url("one"), &url("other")).await;
}

#[tokio::test]
async fn two_stores_are_measured_on_postgres() {
    let (one, other) = (PostgresDatabase::fresh(), PostgresDatabase::fresh());
    two_stores_are_measured(&one.url(), &other.url()).await;
}
