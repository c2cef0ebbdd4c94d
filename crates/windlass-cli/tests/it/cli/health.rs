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
    until("it leads", || cli.run(&["doctor"]).stdout.contains(" does what time brings\n"));
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
    let served = ["bad", "flaky", "good"].map(|kind| (kind, Some(1)));
    let unserved = ["report.old", "report.older"].map(|kind| (kind, Some(0)));
    assert_eq!(known, [&served[..], &unserved, &[("slow", Some(1))]].concat());
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

/// C18, O24: lanes that stand still, open breakers, full and misspelt limits are told, and counted in the status.
#[test]
fn the_doctor_and_the_status_know_lines() {
    let cli = CliFixture::with_jobs();
    let lane = ["--queue", "media", "--lane", "server 42", "--block-when-dead"];
    for _ in 0..3 {
        cli.ok(&[&["enqueue", "bad"][..], &lane].concat());
    }
    cli.ok(&[
        "limit",
        "set",
        "kind:flaky",
        "--break-after",
        "1",
        "--within",
        "1h",
        "--open-for",
        "1h",
    ]);
    cli.ok(&["limit", "set", "queue:meida", "--running", "3"]);
    cli.ok(&["limit", "set", "queue:media", "--rate", "1", "--per", "20h"]);
    cli.enqueue("flaky", "crm");
    cli.work_once();
    cli.enqueue("flaky", "crm");
    cli.work_once();
    let ran = cli.run(&["doctor"]);
    assert_eq!(ran.code, 9);
    insta::assert_snapshot!("lines_doctor", redacted(&ran.stdout));
    insta::assert_snapshot!("lines_lanes", cli.table(&["lane", "list"], "120"));
    let lane = cli.json(&["lane", "list"])[0].clone();
    assert_eq!((&lane["schema"], &lane["blocked"]), (&"lane.v1".into(), &true.into()));
    assert_eq!((&lane["state"], &lane["waiting"]), (&"dead".into(), &2.into()));
    insta::assert_snapshot!("lines_status", cli.table(&["status"], "120"));
    let lines = cli.json(&["status"])["lines"].clone();
    assert_eq!((&lines["lanes_blocked"], &lines["breakers_open"]), (&1.into(), &1.into()));
    let document: serde_json::Value =
        serde_json::from_str(&cli.run(&["doctor", "--json"]).stdout).expect("a document");
    let checks = document["checks"].as_array().expect("checks");
    let lanes = checks.iter().find(|check| check["check"] == "lanes").expect("it is there");
    let about = &lanes["about"][0];
    assert_eq!((&about["problem"], &about["lane"]), (&"lane_blocked".into(), &"server 42".into()));
    assert_eq!((&about["jobs"], &about["or_more"]), (&2.into(), &false.into()));
}

/// C20: a kind that is muted in the file or by a flag is left out, and listed.
#[test]
fn the_doctor_lists_what_is_muted() {
    let cli = CliFixture::with_jobs();
    let said = cli.run(&["doctor"]).stdout;
    assert!(said.contains("! dying ") && said.contains("bad: 1 job"), "{said}");
    let said = cli.run(&["doctor", "--mute", "bad"]).stdout;
    assert!(said.contains("✓ muted       bad: left out"), "{said}");
    assert!(said.contains("✓ dying ") && said.contains("✓ dead        no dead jobs"), "{said}");
    let file = std::fs::read_to_string(cli.path("windlass.toml")).expect("it is there");
    let doctor = "[doctor]\nmute = [\"bad\"]\nlatency = \"1m\"\n";
    std::fs::write(cli.path("windlass.toml"), format!("{doctor}{file}")).expect("written");
    let ran = cli.run(&["doctor", "--mute", "slow", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!(document["thresholds"]["mute"], serde_json::json!(["bad", "slow"]));
    assert_eq!(document["thresholds"]["latency_ms"], 60_000);
    let latency =
        |latency| cli.json(&["doctor", "--latency", latency])["thresholds"]["latency_ms"].clone();
    cli.ok(&["job", "cancel", "state:available", "--yes", "--expect", "1"]);
    assert_eq!(latency("2m"), 120_000, "a flag goes before the file");
}

/// C19: events that nobody feeds, and a subscription that is paused while events come, are told.
#[test]
fn the_doctor_tells_of_events_that_are_not_fed() {
    let cli = CliFixture::new();
    cli.ok(&["publish", "order.paid"]);
    let said = |args: &[&str]| cli.run(&[&["doctor"], args].concat()).stdout;
    assert!(
        !said(&["--latency", "1ms"]).contains("not fed to subscriptions yet"),
        "nobody wants them"
    );
    cli.ok(&["subscription", "add", "audit", "--kind", "audit.write", "--from", "beginning"]);
    let told = said(&["--latency", "1ms"]);
    assert!(told.contains("✗ events      not fed to subscriptions yet: 1 event"), "{told}");
    assert!(!said(&["--latency", "1h"]).contains("not fed to subscriptions yet"));
    cli.ok(&["subscription", "pause", "audit"]);
    let told = said(&[]);
    assert!(told.contains("! subscriptions") && told.contains("audit: paused for "), "{told}");
}

/// C19: a program that hangs is told once it runs for half as long again as expected.
#[test]
fn the_doctor_tells_what_runs_too_long() {
    let cli = CliFixture::new();
    let file = std::fs::read_to_string(cli.path("windlass.toml")).expect("it is there");
    let file = file.replace("queue = \"slow\"", "queue = \"slow\"\nexpected = \"10ms\"");
    std::fs::write(cli.path("windlass.toml"), file).expect("written");
    let id = cli.enqueue("slow", "slow");
    let _worker = cli.work();
    until("it is told", || {
        cli.run(&["doctor"]).stdout.contains("✗ running     jobs run for too long\n")
    });
    let said = cli.run(&["doctor"]).stdout;
    assert!(said.contains(" instead of 10ms: ") && said.contains(&id), "{said}");
    assert!(said.contains(&format!("fix: windlass job cancel {id}")), "{said}");
    assert!(said.contains("✓ failing") && said.contains("✓ latency"), "{said}");
}

#[test]
fn what_makes_no_sense_to_the_doctor_is_refused() {
    let cli = CliFixture::with_jobs();
    for wrong in [
        &["--latency", "0s"][..],
        &["--failures", "0"],
        &["--lane-longer-than", "0"],
        &["--mute", "no kind"],
        &["--mute", &"x".repeat(10_000)],
        &["--config", "missing.toml"],
    ] {
        assert_eq!(cli.run(&[&["doctor"][..], wrong].concat()).code, 2, "{wrong:?}");
    }
    for wrong in ["latency = \"0s\"", "failures = 0", "mute = [\"no kind\"]", "latenci = \"1m\""] {
        std::fs::write(cli.path("doctor.toml"), format!("[doctor]\n{wrong}\n")).expect("written");
        let ran = cli.run(&["doctor", "--config", "doctor.toml"]);
        assert_eq!(ran.code, 2, "{wrong}");
        assert!(ran.error().contains("doctor.toml:2: "), "{}", ran.error());
    }
}

/// T26, T27: a job that waits for one which is cancelled is told with what it waits for and what to do; one that waits for a failure
/// which did not come is a warning.
#[test]
fn the_doctor_finds_what_waits_for_ever() {
    let cli = CliFixture::with_jobs();
    let id = |enqueued: serde_json::Value| {
        enqueued["id"].as_str().or(enqueued["job"].as_str()).expect("an id").to_owned()
    };
    let first = id(cli.json(&["enqueue", "import.run"]));
    let second = id(cli.json(&["enqueue", "report.send", "--after", &first]));
    assert!(!cli.run(&["doctor"]).stdout.contains("waiting "));
    cli.ok(&["job", "cancel", &first]);
    let ran = cli.run(&["doctor"]);
    assert_eq!(ran.code, 9);
    for line in [
        "✗ waiting     jobs wait for what cannot come, without a deadline".to_owned(),
        format!("report.send: {second} for "),
        format!(", {first} is cancelled"),
        format!(
            "fix: windlass job retry {first}, or let it pass: windlass condition waive {second} '{first}'"
        ),
        format!(", or windlass job cancel {second}"),
    ] {
        assert!(ran.stdout.contains(&line), "{line}: {}", ran.stdout);
    }
    let document: serde_json::Value =
        serde_json::from_str(&cli.run(&["doctor", "--json"]).stdout).expect("one document");
    let checks = document["checks"].as_array().expect("checks");
    let waiting = checks.iter().find(|check| check["check"] == "waiting").expect("it is there");
    let about = &waiting["about"][0];
    assert_eq!(about["problem"], "stuck");
    assert_eq!((&about["job"], &about["awaited"]), (&second.into(), &first.into()));
    assert_eq!(about["ended"], "cancelled");
}
