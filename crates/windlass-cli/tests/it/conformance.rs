//! `windlass conformance`, held against the workers that are kept here to copy and against broken ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Kits that run at once: each mostly waits.
const AT_ONCE: usize = 6;

/// What is wrong with the broken worker, and the check that is to find it.
const FAULTS: [(&str, &str); 33] = [
    ("protocol", "register"),
    ("kinds", "register"),
    ("token", "register"),
    ("busy-loop", "claim"),
    ("no-output", "complete"),
    ("no-message", "fail"),
    ("no-type", "fail"),
    ("always-retried", "retry"),
    ("forgets-steps", "steps"),
    ("keeps-steps-to-itself", "steps"),
    ("ascii", "args"),
    ("greedy", "slots"),
    ("slow-heart", "heartbeat"),
    ("nameless", "heartbeat"),
    ("deaf-to-cancel", "cancel"),
    ("cancel-fails", "cancel"),
    ("deaf-to-lost", "lost"),
    ("storms", "late"),
    ("strict", "fields"),
    ("own-clock", "clock"),
    ("forgets-results", "answer-lost"),
    ("runs-again", "answer-lost"),
    ("stops-claiming", "claim-lost"),
    ("drops-busy", "busy"),
    ("hurries", "unavailable"),
    ("quits-when-quiet", "quiet"),
    ("gives-up", "restart"),
    ("stays-gone", "gone"),
    ("runs-on", "gone"),
    ("ignores-terminate", "terminate"),
    ("never-leaves", "terminate"),
    ("never-leaves", "signal"),
    ("drops-dead", "signal"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `windlass conformance` on a free port, with these arguments.
fn conformance(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.args(["conformance", "http://127.0.0.1:0", "--json"]).args(args);
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root());
    command
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no document: {output:?}"))
}

fn status<'a>(document: &'a Value, check: &str) -> &'a str {
    let checks = document["checks"].as_array().expect("checks");
    let found = checks.iter().find(|one| one["check"] == check).expect("the check");
    found["status"].as_str().expect("a status")
}

fn passes(worker: &[&str]) {
    let mut command = conformance(&["--"]);
    let output = command.args(worker).output().expect("it runs");
    let found = document(&output);
    assert!(output.status.success(), "{found:#}");
    assert_eq!((&found["failed"], &found["skipped"]), (&Value::from(0), &Value::from(0)));
}

/// T8: the worker in Python does all that is asked of a worker.
#[test]
fn the_worker_in_python_passes_every_check() {
    passes(&["python3", "workers/python/conformance.py"]);
}

/// T8: the worker in Node does all that is asked of a worker.
#[test]
fn the_worker_in_node_passes_every_check() {
    passes(&["node", "workers/node/conformance.mjs"]);
}

/// T8: whatever is wrong with a worker is found by the check that is meant for it.
#[test]
fn every_planted_fault_is_found() {
    let faults = std::sync::Mutex::new(FAULTS.iter());
    let next = || faults.lock().expect("not poisoned").next();
    let missed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((fault, check)) = next() {
                    if let Some(seen) = not_found(fault, check) {
                        missed.lock().expect("not poisoned").push(seen);
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner().expect("not poisoned"), Vec::<String>::new());
}

/// What was seen where a fault was not found by its check.
fn not_found(fault: &str, check: &str) -> Option<String> {
    let broken = "crates/windlass-cli/tests/it/conformance/broken.py";
    let mut command = conformance(&["--only", check, "--", "python3", broken]);
    let output = command.env("BROKEN", fault).output().expect("it runs");
    let found = document(&output);
    let is_found = status(&found, check) == "failed" && output.status.code() == Some(9);
    (!is_found).then(|| format!("{fault}: {found:#}"))
}

/// The page about the protocol names every check, in their order.
#[test]
fn the_page_lists_the_checks() {
    let output = conformance(&["--list"]).output().expect("it runs");
    let listed = document(&output);
    let checks = listed.as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let row = |one: &Value| format!("| `{}` | {} |", text(&one["check"]), text(&one["expected"]));
    let expected: Vec<String> = checks.map(row).collect();
    let page = std::fs::read_to_string(root().join("docs/worker-protocol.md")).expect("the page");
    let (_, table) =
        page.split_once("| check | what the worker has to do |\n|---|---|\n").expect("a table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}

/// Bad input: a command line that makes no sense is refused before anything listens.
#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    let cases: [&[&str]; 4] = [
        &["conformance"],
        &["conformance", "http://192.0.2.1:80"],
        &["conformance", "ftp://127.0.0.1:1"],
        &["conformance", "http://127.0.0.1:0", "--only", "nothing"],
    ];
    for args in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_windlass")).args(args).output();
        assert_eq!(output.expect("it runs").status.code(), Some(2), "{args:?}");
    }
}

/// A command that cannot be started is wrong usage.
#[test]
fn a_command_that_cannot_be_started_is_refused() {
    let output = conformance(&["--", "./no-such-worker"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
