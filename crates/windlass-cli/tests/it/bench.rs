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

/// Other modes have one process, and say so.
#[test]
fn only_a_drain_has_several_processes() {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["bench", "bulk", "--processes", "2", "--store", "sqlite:never-made.db"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
}
