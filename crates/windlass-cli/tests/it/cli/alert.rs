//! `windlass alert`, and what the doctor says of mutes.

use windlass::alert::Watch;
use windlass::health::Thresholds;
use windlass::store::Now;

use super::fixture::{CliFixture, redacted};

/// One look, as the leader among the workers has it.
fn look(cli: &CliFixture, thresholds: &Thresholds) {
    let url = format!("sqlite:{}", cli.path("windlass.db").display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = windlass::open(&url).await.expect("it opens");
        let mut watch = Watch::new(thresholds.clone());
        watch.round(&*store, Now::Database).await.expect("a look");
    });
}

fn at_once() -> Thresholds {
    let mute = vec!["report.nightly".to_owned()];
    Thresholds { unserved: std::time::Duration::ZERO, mute, ..Thresholds::alerting() }
}

/// C20: an alert is listed, muted with a note and an end, which the list and the doctor say, and told once it is not muted any more.
#[test]
fn an_alert_is_listed_and_muted() {
    let cli = CliFixture::new();
    cli.enqueue("mail.send", "mail");
    let none = cli.run(&["alert", "list"]);
    assert_eq!(none.stdout.lines().count(), 1, "the head alone: {}", none.stdout);
    assert!(none.stderr.contains("no subscription wants alerts"), "{}", none.stderr);
    assert_eq!(cli.json(&["alert", "list"])["looked_for"], false);
    cli.ok(&["subscription", "add", "page", "--kind", "ops.page", "--type", "windlass.*"]);

    let muted =
        cli.ok(&["alert", "mute", "queue.unserved/mail", "--for", "2h", "--note", "moving, ana"]);
    assert!(muted.starts_with("queue.unserved/mail is muted until "), "{muted}");
    look(&cli, &at_once());
    let listed = cli.json(&["alert", "list"]);
    assert_eq!((&listed["schema"], &listed["looked_for"]), (&"alerts.v1".into(), &true.into()));
    let one = &listed["alerts"][0];
    assert_eq!(
        (&one["key"], &one["type"], &one["muted_by"]),
        (
            &"queue.unserved/mail".into(),
            &"windlass.queue.unserved".into(),
            &"queue.unserved/mail".into()
        )
    );
    assert!(one.get("event").is_none(), "{one}");
    assert_eq!(listed["muted"].as_array().map(Vec::len), Some(2));
    insta::assert_snapshot!("list", redacted(&cli.table(&["alert", "list"], "120")));
    let plain = redacted(&cli.ok(&["alert", "list", "-o", "plain"]));
    let mutes = plain.split_once("\n\nmuted\tby\t").expect("mutes behind the alerts").1;
    assert!(mutes.contains("kind/report.nightly\t[doctor]\t"), "{plain}");
    let doctor = cli.run(&["doctor"]).stdout;
    assert!(doctor.contains("✓ alerts      not told as an alert\n"), "{doctor}");
    assert!(doctor.contains("queue.unserved/mail for "), "{doctor}");
    assert!(doctor.contains("to go: moving, ana"), "{doctor}");

    let unmuted = cli.ok(&["alert", "unmute", "queue.unserved/mail"]);
    assert!(unmuted.starts_with("queue.unserved/mail is told again"), "{unmuted}");
    look(&cli, &at_once());
    assert!(cli.json(&["alert", "list"])["alerts"][0]["event"].is_string());
    let again = cli.ok(&["alert", "unmute", "queue.unserved/mail"]);
    assert_eq!(again, "no person has muted queue.unserved/mail; nothing was changed\n");
    let declared = cli.run(&["alert", "unmute", "kind/report.nightly"]);
    assert!(declared.stderr.contains("in [doctor] of the workers"), "{}", declared.stderr);
}

#[test]
fn what_is_no_alert_cannot_be_muted() {
    let cli = CliFixture::new();
    cli.enqueue("mail.send", "mail");
    let ran = cli.run(&["alert", "mute", "job.failling"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("do you mean `job.failing`?"), "{}", ran.stderr);
    let ran = cli.run(&["alert", "mute", "job.failing", "--until", "2020-01-01T00:00:00Z"]);
    assert_eq!(
        (ran.code, ran.error()),
        (2, "windlass: --until is over: give a moment that is ahead")
    );
}
