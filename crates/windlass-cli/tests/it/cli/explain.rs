//! `windlass explain`.

use super::fixture::{CliFixture, redacted};

/// O24: a job that nobody can run says so, gate by gate, and what to type.
#[test]
fn a_job_that_waits_is_explained_gate_by_gate() {
    let cli = CliFixture::new();
    let line = cli.ok(&["enqueue", "img.thumb", "--queue", "media", "--unique", "991"]);
    let id = line.split('\t').next().expect("an id");
    cli.ok(&["queue", "pause", "media", "--note", "the disk is full"]);
    insta::assert_snapshot!(redacted(&cli.table(&["explain", id], "100")));
    let explained = cli.json(&["explain", id]);
    assert_eq!(explained["schema"], "explanation.v1");
    assert_eq!(explained["next"]["step"], "resume");
    let shut: Vec<&str> = explained["gates"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|passage| passage["standing"] == "shut")
        .filter_map(|passage| passage["gate"].as_str())
        .collect();
    assert_eq!(shut, ["pause", "workers", "handler"]);
}

/// O24: one that has ended says how, and one that is not there is exit 3.
#[test]
fn a_job_that_has_ended_says_how() {
    let cli = CliFixture::new();
    let line = cli.ok(&["enqueue", "img.thumb", "--delay", "1h"]);
    let id = line.split('\t').next().expect("an id");
    let scheduled = cli.table(&["explain", id], "100");
    assert!(scheduled.contains("next: it becomes available 20"), "{scheduled}");
    cli.ok(&["job", "cancel", id]);
    let ended = cli.table(&["explain", id], "100");
    assert!(ended.contains("ended ") && ended.contains(" as cancelled"), "{ended}");
    assert!(ended.contains("try:  windlass job retry job_"), "{ended}");
    assert_eq!(cli.run(&["explain", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]).code, 3);
}
