//! `windlass signal`, `windlass condition`, and jobs that wait.

use super::fixture::CliFixture;

/// A1, A3, A4, A6: a job waits for signals, is shown and explained with them, and each signal says what came of it.
#[test]
fn a_job_waits_for_signals() {
    let cli = CliFixture::with_jobs();
    let wait = ["--on-signal", "status:42", "--on-signal", "wrap-up:42", "--deadline", "1h"];
    let enqueued = cli.json(&[&["enqueue", "build.notify"][..], &wait].concat());
    let id = enqueued["id"].as_str().or(enqueued["job"].as_str()).expect("an id").to_owned();
    let said = cli.ok(&["signal", "status:42", r#"{"lines":1200}"#]);
    assert!(said.contains("1 job waited for status:42"), "{said}");
    let told = cli.json(&["signal", "status:42"]);
    assert_eq!((&told["answer"], &told["conditions"]), (&"duplicate".into(), &0.into()));
    let page = cli.ok(&["job", "show", &id]);
    for line in ["waits for signal wrap-up:42", "met        signal status:42", r#"{"lines":1200}"#]
    {
        assert!(page.contains(line), "{line}: {page}");
    }
    assert!(page.contains("deadline   ") && page.contains("then it runs without"), "{page}");
    let explained = cli.ok(&["explain", &id]);
    assert!(explained.contains("waits for signal wrap-up:42"), "{explained}");
    assert!(explained.contains(&format!("windlass condition waive {id} 'wrap-up:42'")));
    let conditions = cli.json(&["condition", "list", &id]);
    assert_eq!(conditions[0]["schema"], "condition.v1");
    assert_eq!((&conditions[0]["state"], &conditions[1]["state"]), (&"met".into(), &"open".into()));
    assert_eq!(conditions[0]["data"], serde_json::json!({ "lines": 1200 }));
    assert_eq!(conditions[1]["deadline"]["then"], "run");
    assert!(conditions[1]["deadline"]["at"].is_string(), "{conditions}");
    let listed = cli.ok(&["condition", "list", &id]);
    let deadline = listed.lines().find(|line| line.starts_with("(deadline)\topen\t20"));
    assert!(deadline.is_some_and(|line| line.contains(", then it runs without what")), "{listed}");
    cli.ok(&["signal", "wrap-up:42", "--withdrawn"]);
    assert_eq!(cli.json(&["job", "show", &id])["state"], "available");
    let kept = cli.ok(&["signal", "wrap-up:43"]);
    assert!(kept.contains("kept for those who will wait"), "{kept}");
}

/// T26, T27: a job waits for another; where that is cancelled a person may let it pass.
#[test]
fn a_person_lets_a_job_pass() {
    let cli = CliFixture::with_jobs();
    let id = |enqueued: serde_json::Value| {
        enqueued["id"].as_str().or(enqueued["job"].as_str()).expect("an id").to_owned()
    };
    let first = id(cli.json(&["enqueue", "import.run"]));
    let second = id(cli.json(&["enqueue", "report.send", "--after", &first]));
    cli.ok(&["job", "cancel", &first]);
    let explained = cli.ok(&["explain", &second]);
    for told in [
        format!("waits for {first} to complete, but it was cancelled: that cannot come any more"),
        "next: nothing by itself: it waits for ever".to_owned(),
        format!("windlass job retry {first}"),
        format!("windlass condition waive {second} '{first}'"),
        format!("windlass job cancel {second}"),
    ] {
        assert!(explained.contains(&told), "{told}: {explained}");
    }
    assert_eq!(cli.run(&["condition", "waive", &second, "other"]).code, 3);
    cli.ok(&["condition", "waive", &second, &first, "--note", "not needed"]);
    assert_eq!(cli.run(&["condition", "waive", &second, &first]).code, 4);
    let conditions = cli.json(&["condition", "list", &second]);
    assert_eq!(conditions[0]["state"], "waived");
    assert!(conditions[0]["note"].as_str().expect("a note").starts_with("not needed ("));
    assert_eq!(cli.json(&["job", "show", &second])["state"], "available");
}

/// Bad input: what cannot be waited for, and keys that cannot be kept.
#[test]
fn what_cannot_be_waited_for_is_refused() {
    let cli = CliFixture::with_jobs();
    let missing = ["enqueue", "a", "--after", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"];
    assert_eq!(cli.run(&missing).code, 3);
    for wrong in [
        &["enqueue", "a", "--needed", "2", "--on-signal", "x"][..],
        &["enqueue", "a", "--deadline", "1h"],
        &["enqueue", "a", "--on-signal", ""],
        &["signal", ""],
        &["signal", "a", "{"],
    ] {
        assert_eq!(cli.run(wrong).code, 2, "{wrong:?}");
    }
}
