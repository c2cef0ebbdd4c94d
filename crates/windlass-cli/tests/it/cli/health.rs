//! `windlass status` and `windlass doctor`.

use super::fixture::{CliFixture, redacted};
use crate::work_fixture::until;

#[test]
fn a_status_has_about_ten_lines() {
    let cli = CliFixture::with_jobs();
    let status = cli.table(&["status"], "120");
    insta::assert_snapshot!(status);
    assert!(status.lines().count() <= 12);
}

#[test]
fn a_status_is_a_document() {
    let cli = CliFixture::with_jobs();
    let status = cli.json(&["status"]);
    assert_eq!(status["schema"], "status.v1");
    assert_eq!(status["exact"], true);
    assert_eq!(status["jobs"]["dead"], 1);
    assert_eq!(status["jobs"]["running"], 0);
    assert_eq!(status["unserved"][0]["kind"], "good");
    assert_eq!(status["workers"]["alive"], 0);
}

#[test]
fn an_empty_store_is_told_how_to_begin() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    assert!(cli.ok(&["status"]).contains("none yet; make one: windlass enqueue"));
}

#[test]
fn the_doctor_finds_what_nobody_serves_and_ends_with_9() {
    let cli = CliFixture::with_jobs();
    cli.ok(&["queue", "pause", "crm", "--note", "vendor is down"]);
    let ran = cli.run(&["doctor"]);
    assert_eq!(ran.code, 9);
    insta::assert_snapshot!(redacted(&ran.stdout));
    let ran = cli.run(&["doctor", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (9, ""));
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!((&document["schema"], &document["problems"]), (&"doctor.v1".into(), &1.into()));
}

/// O4: what is enqueued without a handler is accepted and told; the list of kinds has what workers know, and no more.
#[test]
fn the_doctor_finds_kinds_without_a_handler() {
    let cli = CliFixture::new();
    cli.enqueue("report.old", "mail");
    cli.enqueue("report.older", "mail");
    let _worker = cli.work();
    until("a worker registers", || !cli.ok(&["worker", "list", "--no-header"]).is_empty());
    let ran = cli.run(&["doctor"]);
    assert_eq!(ran.code, 9);
    assert!(
        ran.stdout.contains("✗ handlers    no handler for jobs that are due\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("report.old@1 in queue mail: 1 job"), "{}", ran.stdout);
    assert!(ran.stdout.contains("report.older@1 in queue mail: 1 job"), "{}", ran.stdout);
    assert!(ran.stdout.contains("✓ workers     1 alive"), "{}", ran.stdout);
    let kinds = cli.json(&["kind", "list"]);
    let known: Vec<_> = kinds
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| (one["kind"].as_str().expect("a name"), one["workers"].as_u64()))
        .collect();
    assert_eq!(known, ["bad", "flaky", "good", "slow"].map(|kind| (kind, Some(1))));
}

#[test]
fn the_doctor_is_content_with_a_store_in_order() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    let ran = cli.run(&["doctor"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.ends_with("no problems, 1 warning\n"), "{}", ran.stdout);
}

#[test]
fn an_unsafe_option_is_a_problem() {
    let cli = CliFixture::with_jobs();
    let ran = cli.run(&["doctor", "--store", "sqlite:windlass.db?synchronous=normal"]);
    assert_eq!(ran.code, 9);
    assert!(ran.stdout.contains("✗ durability  unsafe: synchronous=NORMAL"), "{}", ran.stdout);
}

#[test]
fn a_store_that_cannot_be_opened_is_a_finding() {
    let cli = CliFixture::new();
    let ran = cli.run(&["doctor"]);
    assert_eq!(ran.code, 9);
    assert!(ran.stdout.contains("✗ database    there is no database at"), "{}", ran.stdout);
    assert_eq!(cli.run(&["doctor", "--store", "nonsense"]).code, 2);
}
