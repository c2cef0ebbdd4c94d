//! `windlass job retry` and `cancel`.

use super::world::{World, redacted};

const NONE: &str = "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M";

fn three_dead() -> World {
    let world = World::new();
    for _ in 0..3 {
        world.enqueue("bad", "media");
    }
    world.work_once();
    world
}

fn states(world: &World) -> Vec<String> {
    let jobs = world.json(&["job", "list"]);
    let state = |job: &serde_json::Value| job["state"].as_str().expect("a state").to_owned();
    jobs.as_array().expect("an array").iter().map(state).collect()
}

#[test]
fn one_job_is_retried_and_cancelled_without_a_question() {
    let world = three_dead();
    let id = world.id("state:dead");
    assert!(world.ok(&["job", "retry", &id]).ends_with("is available again\n"));
    assert!(
        world.ok(&["job", "cancel", &id, "--reason", "wrong import"]).ends_with("is cancelled\n")
    );
    let job = world.json(&["job", "show", &id]);
    assert_eq!(
        (job["state"].as_str(), job["reason"].as_str()),
        (Some("cancelled"), Some("wrong import"))
    );
}

#[test]
fn many_are_changed_only_by_who_knows_how_many() {
    let world = three_dead();
    let ran = world.run(&["job", "retry", "kind:bad"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("there is nobody to ask: 3 jobs would be retried; say --yes --expect 3")
    );
    let ran = world.run(&["job", "retry", "kind:bad", "--yes"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("--yes needs --expect"), "{}", ran.stderr);
    let ran = world.run(&["job", "retry", "kind:bad", "--yes", "--expect", "2"]);
    assert_eq!(ran.code, 4);
    assert!(
        ran.error().contains("expected 2 jobs, found 3; nothing was changed"),
        "{}",
        ran.stderr
    );
    assert_eq!(states(&world), ["dead", "dead", "dead"]);
    assert_eq!(
        world.ok(&["job", "retry", "kind:bad", "--yes", "--expect", "3"]),
        "retried 3 jobs\n"
    );
    assert_eq!(states(&world), ["available", "available", "available"]);
}

#[test]
fn a_dry_run_shows_and_changes_nothing() {
    let world = three_dead();
    insta::assert_snapshot!(world.table(&["job", "retry", "queue:media", "--dry-run"], "170"));
    assert_eq!(states(&world), ["dead", "dead", "dead"]);
    let document = world.json(&["job", "retry", "queue:media", "--dry-run"]);
    insta::assert_json_snapshot!(document);
}

#[test]
fn a_filter_without_a_state_spares_what_has_ended_well() {
    let world = World::with_jobs();
    let matched = |args: &[&str]| world.json(&[args, &["--dry-run"]].concat())["matched"].clone();
    assert_eq!(matched(&["job", "retry", "kind:*"]), 1);
    assert_eq!(matched(&["job", "cancel", "kind:*"]), 3);
    assert_eq!(matched(&["job", "retry", "kind:* state:completed"]), 1);
}

#[test]
fn nothing_that_matches_is_no_error() {
    let world = three_dead();
    let said = world.ok(&["job", "cancel", "kind:none"]);
    assert_eq!(
        said,
        "no job matches -state:completed,cancelled,dead kind:none; nothing was changed\n"
    );
    assert_eq!(world.run(&["job", "cancel", ""]).code, 2);
    assert_eq!(world.run(&["job", "cancel"]).code, 2);
}

#[test]
fn a_job_that_has_ended_cannot_be_cancelled() {
    let world = three_dead();
    let id = world.id("state:dead");
    let ran = world.run(&["job", "cancel", &id]);
    assert_eq!(ran.code, 4);
    assert!(ran.error().contains("is dead already: there is nothing to cancel"), "{}", ran.stderr);
}

#[test]
fn jobs_that_are_not_there_are_3_alone_and_10_among_others() {
    let world = three_dead();
    assert_eq!(world.run(&["job", "retry", NONE]).code, 3);
    let id = world.id("state:dead");
    let ran = world.run(&["job", "retry", &id, NONE]);
    assert_eq!((ran.code, ran.stdout.as_str()), (10, "retried 1 job\n"));
    assert!(ran.error().contains("1 of 2 jobs were not retried"), "{}", ran.stderr);
    let ran = world.run(&["job", "retry", &id, NONE, "--json"]);
    assert_eq!((ran.code, ran.problem()["code"].as_str()), (10, Some("partly-failed")));
    insta::assert_snapshot!(redacted(&ran.stdout));
}

#[test]
fn ids_and_a_filter_are_not_mixed() {
    let world = three_dead();
    let ran = world.run(&["job", "retry", NONE, "state:dead"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("give ids or a filter, not both"), "{}", ran.stderr);
}
