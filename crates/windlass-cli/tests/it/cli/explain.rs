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
    assert_eq!(explained["commands"], serde_json::json!(["windlass queue resume media"]));
    let says = explained["gates"][1]["says"].as_str().expect("words");
    assert!(says.starts_with("queue media is paused since "), "{says}");
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

/// O24, C25, O9: what keeps a job in line is told with who has the lane or the places, who set the limit, and what to type.
#[test]
fn a_job_in_line_is_explained_with_who_is_before_it() {
    let cli = CliFixture::new();
    let enqueue = |options: &[&str]| {
        let line = cli.ok(&[&["enqueue", "server.provision"], options].concat());
        line.split('\t').next().expect("an id").to_owned()
    };
    let first = enqueue(&["--lane", "server 42"]);
    let second = enqueue(&["--lane", "server 42"]);
    let told = cli.table(&["explain", &second], "200");
    assert!(told.contains("lane server 42: job_"), "{told}");
    let expected = "goes first, and is due; 1 job of it before this one";
    assert!(told.contains(expected), "{told}");
    assert!(cli.table(&["explain", &first], "200").contains("first of lane server 42"));

    let limit =
        ["limit", "set", "kind:server.provision", "--running", "2", "--rate", "4", "--per", "1m"];
    cli.ok(&[&limit[..], &["--break-after", "3", "--note", "the vendor asked"]].concat());
    let tenant = ["--fair", "ada"];
    enqueue(&tenant);
    let id = enqueue(&tenant);
    let told = cli.table(&["explain", &id], "200");
    let by = "set by a person: the vendor asked";
    for expected in [
        format!("limit of kind server.provision: 0 of 2 run, {by}"),
        format!("limit of kind server.provision: 4 of 4 tokens, it takes 1, {by}"),
        format!("limit of kind server.provision: its breaker is closed, {by}"),
        "1 job ahead of it in the line of ada".to_owned(),
    ] {
        assert!(told.contains(&expected), "{expected} in {told}");
    }
    let gates = &cli.json(&["explain", &id])["gates"];
    let rate = gates.as_array().expect("a list").iter().find(|gate| gate["gate"] == "rate");
    assert_eq!(rate.expect("it is told")["on"], "kind:server.provision");
}
