//! `windlass demo`: ends by itself, and its accounts agree.

use std::process::{Command, Output, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

fn demo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_windlass"))
        .arg("demo")
        .args(args)
        .env_remove("WINDLASS_STORE")
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .expect("run")
}

/// The document of a demo that found nothing wrong.
fn document(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no document: {error}"))
}

/// O7: of the three jobs of the demo's event one is poisoned, and the others are done.
#[test]
fn a_demo_loses_nothing_although_a_worker_is_killed() {
    let begun = Instant::now();
    let found = document(&demo(&["--json", "--pace", "3s"]));
    assert!(begun.elapsed().as_secs() < 60);
    assert_eq!(found["agrees"], true);
    assert!(found["enqueued"].as_u64() >= Some(200), "{found}");
    assert_eq!((&found["lost"], &found["unfinished"]), (&0.into(), &0.into()));
    assert_eq!((&found["dead"], &found["totals"]["words"]), (&1.into(), &2881.into()));
    let (twice, held) = (found["attempts_after_losses"].as_u64(), found["held_at_kill"].as_u64());
    assert!(held >= Some(1) && twice <= held, "{found}");
    assert_eq!(found["event"], json!({ "jobs": 3, "completed": 2, "dead": 1 }), "{found}");
    assert!(found["rescue_ms"].is_u64() && found["attempts_after_failures"] != 0, "{found}");
}

#[test]
fn a_demo_works_on_files_of_ones_own_and_only_reads_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "one Two two three three three\n".repeat(60);
    for name in ["a.txt", "b.txt"] {
        std::fs::write(folder.path().join(name), &text).expect("written");
    }
    let dir = folder.path().to_string_lossy().into_owned();
    let found = document(&demo(&["--json", "--pace", "1s", "--dir", &dir]));
    // "three" cut in two at the end of a part would be another word: parts end with a line.
    assert_eq!(found["totals"]["often"], json!([["three", 360], ["two", 240], ["one", 120]]));
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 2);
}

/// The colours are those asked for, on stdout and on stderr.
#[test]
fn a_demo_has_the_colours_asked_for() {
    let output = demo(&["--pace", "1s", "--color", "always"]);
    assert!(output.stdout.contains(&0x1b) && output.stderr.contains(&0x1b));
}

#[test]
fn a_folder_that_is_not_there_is_one_line_and_exit_2() {
    let output = demo(&["--dir", "/no/such/folder"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
}
