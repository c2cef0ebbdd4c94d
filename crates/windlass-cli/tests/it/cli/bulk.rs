//! `windlass job retry`, `cancel` and `move`.

use super::fixture::{CliFixture, redacted};

const NONE: &str = "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M";

fn three_dead() -> CliFixture {
    let cli = CliFixture::new();
    for _ in 0..3 {
        cli.enqueue("bad", "media");
    }
    cli.work_once();
    cli
}

fn states(cli: &CliFixture) -> Vec<String> {
    let jobs = cli.json(&["job", "list"]);
    let state = |job: &serde_json::Value| job["state"].as_str().expect("a state").to_owned();
    jobs.as_array().expect("an array").iter().map(state).collect()
}

#[test]
fn one_job_is_retried_and_cancelled_without_a_question() {
    let cli = three_dead();
    let id = cli.id("state:dead");
    assert!(cli.ok(&["job", "retry", &id]).ends_with("is available again\n"));
    assert!(
        cli.ok(&["job", "cancel", &id, "--reason", "wrong import"]).ends_with("is cancelled\n")
    );
    let job = cli.json(&["job", "show", &id]);
    assert_eq!(
        (job["state"].as_str(), job["reason"].as_str()),
        (Some("cancelled"), Some("wrong import"))
    );
}

/// E14: dead jobs that match a filter are retried together, by who knows how many they are.
#[test]
fn many_are_changed_only_by_who_knows_how_many() {
    let cli = three_dead();
    let ran = cli.run(&["job", "retry", "kind:bad"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("there is nobody to ask: 3 jobs would be retried; say --yes --expect 3")
    );
    let ran = cli.run(&["job", "retry", "kind:bad", "--yes"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("--yes needs --expect"), "{}", ran.stderr);
    let ran = cli.run(&["job", "retry", "kind:bad", "--yes", "--expect", "2"]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.error().contains("expected 2 jobs, found 3; nothing was changed"),
        "{}",
        ran.stderr
    );
    assert_eq!(states(&cli), ["dead", "dead", "dead"]);
    assert_eq!(cli.ok(&["job", "retry", "kind:bad", "--yes", "--expect", "3"]), "retried 3 jobs\n");
    assert_eq!(states(&cli), ["available", "available", "available"]);
}

#[test]
fn a_dry_run_shows_and_changes_nothing() {
    let cli = three_dead();
    insta::assert_snapshot!(cli.table(&["job", "retry", "queue:media", "--dry-run"], "170"));
    assert_eq!(states(&cli), ["dead", "dead", "dead"]);
    let document = cli.json(&["job", "retry", "queue:media", "--dry-run"]);
    insta::assert_json_snapshot!(document);
}

#[test]
fn a_filter_without_a_state_spares_what_has_ended_well() {
    let cli = CliFixture::with_jobs();
    let matched = |args: &[&str]| cli.json(&[args, &["--dry-run"]].concat())["matched"].clone();
    assert_eq!(matched(&["job", "retry", "kind:*"]), 1);
    assert_eq!(matched(&["job", "cancel", "kind:*"]), 3);
    assert_eq!(matched(&["job", "retry", "kind:* state:completed"]), 1);
}

#[test]
fn nothing_that_matches_is_no_error() {
    let cli = three_dead();
    let said = cli.ok(&["job", "cancel", "kind:none"]);
    assert_eq!(
        said,
        "no job matches -state:completed,cancelled,dead kind:none; nothing was changed\n"
    );
    assert_eq!(cli.run(&["job", "cancel", ""]).code, 2);
    assert_eq!(cli.run(&["job", "cancel"]).code, 2);
}

#[test]
fn a_job_that_has_ended_cannot_be_cancelled() {
    let cli = three_dead();
    let id = cli.id("state:dead");
    let ran = cli.run(&["job", "cancel", &id]);
    assert_eq!(ran.code, 4);
    assert!(ran.error().contains("is dead already: there is nothing to cancel"), "{}", ran.stderr);
}

#[test]
fn jobs_that_are_not_there_are_3_alone_and_10_among_others() {
    let cli = three_dead();
    assert_eq!(cli.run(&["job", "retry", NONE]).code, 3);
    let id = cli.id("state:dead");
    let ran = cli.run(&["job", "retry", &id, NONE]);
    assert_eq!((ran.code, ran.stdout.as_str()), (10, "retried 1 job\n"));
    assert!(ran.error().contains("1 of 2 jobs were not retried"), "{}", ran.stderr);
    let ran = cli.run(&["job", "retry", &id, NONE, "--json"]);
    assert_eq!((ran.code, ran.problem()["code"].as_str()), (10, Some("partly-failed")));
    insta::assert_snapshot!(redacted(&ran.stdout));
}

#[test]
fn ids_and_a_filter_are_not_mixed() {
    let cli = three_dead();
    let ran = cli.run(&["job", "retry", NONE, "state:dead"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("give ids or a filter, not both"), "{}", ran.stderr);
}

/// C28: jobs of one kind are given to another queue; the rest and what has ended stay.
#[test]
fn jobs_of_a_kind_are_moved_to_another_queue() {
    let cli = three_dead();
    for kind in ["good", "good", "other"] {
        cli.enqueue(kind, "media");
    }
    let matched = cli.json(&["job", "move", "queue:media", "--to", "slow", "--dry-run"]);
    assert_eq!(matched["matched"], 3, "what has ended is not meant");
    let moved = ["job", "move", "queue:media kind:good", "--to", "slow", "--yes", "--expect", "2"];
    assert_eq!(cli.ok(&moved), "moved 2 jobs\n");
    let listed = cli.json(&["job", "list", "queue:slow"]);
    let kinds: Vec<_> = listed.as_array().expect("jobs").iter().map(|job| &job["kind"]).collect();
    assert_eq!(kinds, ["good", "good"]);
    let id = cli.id("queue:media kind:other");
    assert!(cli.ok(&["job", "move", &id, "--to", "slow"]).ends_with("is on queue slow\n"));
    let again = cli.ok(&["job", "move", &id, "--to", "slow"]);
    assert!(again.contains("needed nothing: on queue slow already"), "{again}");
}

/// C28: what has ended is not moved, and a name that no queue can have is refused.
#[test]
fn what_cannot_be_moved_says_why() {
    let cli = three_dead();
    let id = cli.id("state:dead");
    let ran = cli.run(&["job", "move", &id, "--to", "slow"]);
    assert_eq!(ran.code, 4);
    assert!(ran.error().contains("is dead already: there is nothing to move"), "{}", ran.stderr);
    assert_eq!(cli.run(&["job", "move", NONE, "--to", "slow"]).code, 3);
    assert_eq!(cli.run(&["job", "move", &id, "--to", "a b"]).code, 2);
    assert_eq!(cli.run(&["job", "move", &id]).code, 2);
}
