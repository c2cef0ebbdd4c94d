//! `windlass op`, and the changes of many jobs that it undoes.

use super::fixture::CliFixture;

fn dead(number: usize) -> CliFixture {
    let cli = CliFixture::new();
    for _ in 0..number {
        cli.enqueue("bad", "media");
    }
    cli.work_once();
    cli
}

fn number_of(cli: &CliFixture, filter: &str) -> usize {
    cli.json(&["job", "list", filter]).as_array().expect("an array").len()
}

fn retried(cli: &CliFixture, number: usize) -> serde_json::Value {
    let expect = number.to_string();
    cli.json(&["job", "retry", "kind:bad", "--yes", "--expect", &expect])
}

/// E14: dead jobs are retried together, and put back together.
#[test]
fn a_bulk_retry_is_undone() {
    let cli = dead(3);
    let retry = retried(&cli, 3);
    assert_eq!((&retry["changed"], &retry["state"]), (&3.into(), &"done".into()));
    assert!(retry["undo_until"].is_string());
    let id = retry["operation"].as_str().expect("an id");
    assert_eq!(number_of(&cli, "state:available"), 3);
    assert_eq!(cli.ok(&["op", "undo", "--yes", id]), "3 jobs are as before\n");
    assert_eq!(number_of(&cli, "state:dead"), 3);
    let shown = cli.json(&["op", "show", id]);
    assert_eq!((&shown["state"], &shown["undone"]), (&"undone".into(), &3.into()));
    let again = cli.run(&["op", "undo", id]);
    assert_eq!(again.code, 4);
    assert!(again.error().contains("is undone: there is nothing to undo"), "{}", again.stderr);
}

/// What was touched since stays, and says so: exit 10.
#[test]
fn what_was_touched_since_is_not_undone() {
    let cli = dead(2);
    let id = retried(&cli, 2)["operation"].as_str().expect("an id").to_owned();
    let job = cli.id("state:available");
    cli.ok(&["job", "cancel", &job]);
    let ran = cli.run(&["op", "undo", &id]);
    assert_eq!(ran.code, 10);
    assert!(ran.stdout.contains("1 job is as before"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not as the operation left them (touched)"), "{}", ran.stdout);
    assert!(ran.error().contains("1 of 2 jobs could not be put back"), "{}", ran.stderr);
    assert_eq!((number_of(&cli, "state:dead"), number_of(&cli, "state:cancelled")), (1, 1));
}

#[test]
fn jobs_that_have_ended_are_deleted_and_brought_back() {
    let cli = dead(2);
    cli.enqueue("bad", "media");
    let ran = cli.run(&["job", "delete", "kind:bad"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("2 jobs would be deleted"), "{}", ran.stderr);
    let deleted = cli.json(&["job", "delete", "kind:bad", "--yes", "--expect", "2"]);
    assert_eq!(deleted["schema"], "job-delete.v1");
    assert_eq!((number_of(&cli, "kind:bad"), number_of(&cli, "state:dead")), (1, 0));
    cli.ok(&["op", "undo", deleted["operation"].as_str().expect("an id")]);
    assert_eq!(number_of(&cli, "state:dead"), 2);
    let ran = cli.run(&["job", "delete", &cli.id("state:dead")]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("jobs are deleted by a filter"), "{}", ran.stderr);
}

/// An operation is left to the workers, paused, resumed and stopped; without workers the command line goes on with it.
#[test]
fn an_operation_is_begun_and_gone_on_with() {
    let cli = dead(3);
    let begin =
        ["job", "retry", "kind:bad", "--yes", "--expect", "3", "--no-wait", "--pace", "1000/s"];
    let begun = cli.json(&[&begin[..], &["--note", "a fix is out"]].concat());
    let id = begun["operation"].as_str().expect("an id");
    assert_eq!((&begun["state"], &begun["changed"]), (&"running".into(), &0.into()));
    assert_eq!(cli.ok(&["op", "pause", id]), format!("{id} is paused\n"));
    let paused = cli.json(&["op", "wait", id]);
    assert_eq!((&paused["state"], &paused["done"]), (&"paused".into(), &0.into()));
    cli.ok(&["op", "resume", id]);
    let done = cli.json(&["op", "wait", id]);
    assert_eq!(
        (&done["state"], &done["done"], &done["note"]),
        (&"done".into(), &3.into(), &"a fix is out".into())
    );
    assert_eq!(cli.run(&["op", "stop", id]).code, 4);
    let listed = cli.json(&["op", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert!(cli.ok(&["op", "show", id]).contains("3 of 3 done"));
}

#[test]
fn what_is_no_operation_says_so() {
    let cli = dead(1);
    let none = "op_01KAHT5V3X5W9GNQ6D4R3ZCE7M";
    for verb in ["show", "wait", "pause", "resume", "stop", "undo"] {
        assert_eq!(cli.run(&["op", verb, none]).code, 3, "{verb}");
        assert_eq!(cli.run(&["op", verb, "op_1"]).code, 2, "{verb}");
    }
    let job = cli.id("state:dead");
    for manner in [&["--pace", "9/s"][..], &["--note", "x"], &["--no-wait"]] {
        let ran = cli.run(&[&["job", "retry", &job], manner].concat());
        assert_eq!(ran.code, 2, "{manner:?}");
    }
    assert_eq!(cli.run(&["job", "retry", "kind:bad", "--pace", "9"]).code, 2);
    assert_eq!(cli.json(&["op", "list"]), serde_json::json!([]));
}
