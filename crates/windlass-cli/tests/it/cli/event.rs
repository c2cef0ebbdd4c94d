//! `windlass publish` and `windlass event`.

use super::fixture::{CliFixture, Ran};

const PAID: [&str; 8] =
    ["publish", "order.paid", "order=42", "--source", "/shop", "--id", "42-paid", "--subject"];

/// E20: an event is published, listed and shown; published again with its source's id it is there.
#[test]
fn an_event_is_published_listed_and_shown() {
    let cli = CliFixture::new();
    let full = ["order/42", "--time", "2026-11-21T02:00:00Z", "--extension", "partitionkey=eu"];
    let full =
        [&PAID[..], &full, &["--extension", "urgent=true", "--about", "customer=7"]].concat();
    insta::assert_snapshot!(cli.table(&full, "120"));
    insta::assert_snapshot!(cli.table(&full, "120"));
    let again = cli.json(&[&PAID[..], &["order/42"]].concat());
    assert_eq!((&again["schema"], &again["answer"]), (&"published.v1".into(), &"existing".into()));
    let id = again["id"].as_str().expect("an id");
    assert!(id.starts_with("evt_"), "{id}");
    cli.ok(&["publish", "tick", "--time", "2026-11-21T03:00:00Z"]);
    insta::assert_snapshot!(cli.table(&["event", "list"], "120"));
    let shown = cli.json(&["event", "show", id]);
    assert_eq!(shown, cli.json(&["event", "show", "1"]));
    assert_eq!(shown["schema"], "event.v1");
    assert_eq!((&shown["position"], &shown["type"]), (&1.into(), &"order.paid".into()));
    assert_eq!((&shown["given_id"], &shown["version"]), (&"42-paid".into(), &1.into()));
    assert_eq!(shown["data"], serde_json::json!({ "order": 42 }));
    assert_eq!(shown["extensions"], serde_json::json!({ "partitionkey": "eu", "urgent": true }));
    assert_eq!(shown["subjects"], serde_json::json!([{ "type": "customer", "id": "7" }]));
    assert!(shown["origin"].as_str().expect("one").starts_with("ana"), "{shown}");
    let page = cli.ok(&["event", "show", "1"]);
    for part in ["order.paid", "42-paid", "customer=7", "partitionkey=eu", r#"{"order":42}"#] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for missing in ["3", "0", "evt_01KAHT5V3X5W9GNQ6D4R3ZCE7M"] {
        assert_eq!(cli.run(&["event", "show", missing]).code, 3, "{missing}");
    }
    assert_eq!(cli.run(&["event", "show", "order.paid"]).code, 2);
}

/// E20: the log is listed from its end, from a position on, and by type.
#[test]
fn the_log_is_listed_in_order() {
    let cli = CliFixture::new();
    let lines: String = (1..=2_500)
        .map(|n| {
            format!("{{\"type\":\"{}\"}}\n", if n % 1_000 == 707 { "odd.one" } else { "even" })
        })
        .collect();
    let ran = cli.run_with_stdin(&["publish", "-"], lines.as_bytes());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "2 500 events published\n"), "{}", ran.stderr);
    let positions = |args: &[&str]| -> Vec<u64> {
        let listed = cli.json(&[&["event", "list"], args].concat());
        let events = listed.as_array().expect("a list").iter();
        events.map(|event| event["position"].as_u64().expect("a position")).collect()
    };
    assert_eq!(positions(&["--limit", "3"]), [2_498, 2_499, 2_500]);
    assert_eq!(positions(&["--after", "10", "--limit", "2"]), [11, 12]);
    assert_eq!(positions(&["type:odd.*"]), [707, 1_707]);
    assert_eq!(positions(&["type:odd.*", "--limit", "1"]), [1_707]);
    assert_eq!(positions(&["type:odd.*", "--after", "707", "--limit", "1"]), [1_707]);
    assert_eq!(positions(&["--after", "2500"]), [0; 0]);
}

/// E20, A19: whole events come from stdin, each 1,000 in a transaction; a line that is not an event is named, and what came
/// before its transaction stays.
#[test]
fn whole_events_come_from_stdin() {
    let cli = CliFixture::new();
    let mut lines = String::from(
        "{\"type\":\"a\",\"id\":\"1\",\"data\":{\"n\":1}}\n\n\
         {\"specversion\":\"1.0\",\"type\":\"b\",\"id\":\"2\",\"source\":\"/x\",\"partitionkey\":\"eu\"}\n",
    );
    let sent = cli.run_with_stdin(&["publish", "-", "--json"], lines.as_bytes());
    let sent: serde_json::Value = serde_json::from_str(&sent.stdout).expect("a document");
    assert_eq!((&sent["new"], &sent["existing"]), (&2.into(), &0.into()));
    let again = cli.run_with_stdin(&["publish", "-"], lines.as_bytes());
    assert_eq!(again.stdout, "0 events published; 2 events there before\n");
    let events = cli.json(&["event", "list"]);
    assert_eq!(events[0]["data"], serde_json::json!({ "n": 1 }));
    assert_eq!((&events[1]["given_id"], &events[1]["source"]), (&"2".into(), &"/x".into()));
    assert_eq!(events[1]["extensions"], serde_json::json!({ "partitionkey": "eu" }));
    lines.extend((0..1_500).map(|_| "{\"type\":\"c\"}\n"));
    lines.push_str("{\"type\":\"c\",\"data\":\"\\ud800\"}\n{\"type\":\"c\"}\n");
    let ran = cli.run_with_stdin(&["publish", "-"], lines.as_bytes());
    assert_eq!(ran.code, 2);
    let why = "line 1504: data: lone surrogate escape at byte 1: it is not a character; of the lines before, the first 1 000 are published";
    assert!(ran.error().contains(why), "{}", ran.stderr);
    assert_eq!(cli.json(&["event", "show", "1000"])["type"], "c");
    assert_eq!(cli.run(&["event", "show", "1001"]).code, 3);
}

/// E20, A19: what cannot be stored is refused before the store is made.
#[test]
fn what_cannot_be_published_is_refused() {
    let cli = CliFixture::new();
    let large = cli.file("large.json", format!("\"{}\"", "x".repeat(256 * 1024)).as_bytes());
    let nul = cli.file("nul.json", b"\"a\0\"");
    for wrong in [
        &["publish", "with space"][..],
        &["publish", "windlass.job.dead"],
        &["publish", "a", "{"],
        &["publish", "a", r#""\u0000""#],
        &["publish", "a", r#""\ud800""#],
        &["publish", "a", &large],
        &["publish", "a", &nul],
        &["publish", "a", "--id", ""],
        &["publish", "a", "--extension", "Upper=1"],
        &["publish", "a", "--extension", "type=1"],
        &["publish", "a", "--extension", "x"],
        &["publish", "a", "--about", "customer"],
        &["publish", "a", "--time", "soon"],
        &["publish", "-", "{}"],
        &["publish", "-", "--source", "/shop"],
    ] {
        let ran = cli.run(wrong);
        assert_eq!(ran.code, 2, "{wrong:?}: {}", ran.stderr);
    }
    assert_eq!(cli.run(&["event", "list"]).code, 6, "there is no store");
}

/// O39: how long events are kept is shown, set and refused where it contradicts itself; whether the log is whole is told.
#[test]
fn a_restored_log_has_another_epoch() {
    let cli = CliFixture::new();
    cli.ok(&["publish", "order.paid"]);
    assert_eq!(cli.json(&["event", "verify"])["log"]["epoch"], 1);
    let said = cli.ok(&["event", "renew"]);
    assert!(said.contains(" from now on, and ends at position 1"), "{said}");
    let first = cli.json(&["event", "verify"])["log"]["epoch"].as_u64().expect("a number");
    assert!(first > 1_700_000_000 && said.contains(&format!("epoch {first} ")), "{said}");
    let renewed = cli.json(&["event", "renew"]);
    assert_eq!(renewed["last"], 1);
    assert!(renewed["epoch"].as_u64() > Some(first), "{renewed}");
}

#[test]
fn the_log_is_kept_and_verified() {
    let cli = CliFixture::new();
    cli.ok(&["subscription", "add", "receipts", "--kind", "mail.receipt", "--type", "order.*"]);
    for total in ["5", "2000"] {
        cli.ok(&["publish", "order.paid", &format!("total={total}")]);
    }
    insta::assert_snapshot!("kept_by_default", cli.table(&["event", "keep"], "120"));
    insta::assert_snapshot!(
        "kept_for_longer",
        cli.table(&["event", "keep", "90d", "--at-most", "365d"], "120")
    );
    let kept = cli.json(&["event", "keep"]);
    assert_eq!(kept["keep_us"], 90_i64 * 86_400_000_000);
    assert_eq!(kept["keep_at_most_us"], 365_i64 * 86_400_000_000);
    insta::assert_snapshot!("verified", cli.table(&["event", "verify"], "120"));
    let verified = cli.json(&["event", "verify"]);
    assert_eq!((&verified["is_whole"], &verified["counted"]), (&true.into(), &2.into()));
    let refused = cli.run(&["event", "keep", "2d", "--at-most", "1d"]);
    assert_eq!(refused.code, 2);
    assert!(refused.error().contains("nothing was written"), "{}", refused.error());
}

/// T30: a tree is drawn from any of its members, and what a job's program enqueues and publishes is in it.
#[test]
fn a_tree_is_drawn() {
    let cli = CliFixture::new();
    let id = |line: &str| line.split('\t').next().expect("an id").to_owned();
    let root = id(&cli.ok(&["enqueue", "build"]));
    let of_program = |arguments: &[&str], job: &str, depth: &str| {
        let environment = [
            ("WINDLASS_JOB_ID", job),
            ("WINDLASS_CORRELATION_ID", &root),
            ("WINDLASS_DEPTH", depth),
        ];
        let ran = Ran::of(cli.command(arguments).envs(environment));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        id(&ran.stdout)
    };
    let child = of_program(&["enqueue", "build.test"], &root, "0");
    of_program(&["enqueue", "build.lint"], &root, "0");
    of_program(&["publish", "build.tested", "--subject", "build/7"], &child, "1");
    let drawn = cli.table(&["trace", &child], "120");
    let names = drawn.lines().skip(1).filter_map(|line| Some(line.split("  +").next()?.trim_end()));
    let expected = [
        "  • build                     available",
        "  ├─• build.test              available",
        "  │ └─◆ build.tested build/7  event",
        "  └─• build.lint              available",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected, "{drawn}");
    assert!(drawn.starts_with("1 event · 3 jobs · 3 available · for "), "{drawn}");
    let traced = cli.json(&["trace", &root]);
    assert_eq!(traced["schema"], "trace.v1");
    let members = traced["members"].as_array().expect("a list");
    let levels: Vec<_> = members.iter().filter_map(|member| member["level"].as_u64()).collect();
    assert_eq!(levels, [0, 1, 2, 1]);
    assert_eq!(
        (&members[2]["parent"], &members[2]["subject"]),
        (&child.as_str().into(), &"build/7".into())
    );
    assert_eq!(cli.json(&["trace", "1"]), traced, "an event leads to it too");
    let deep = [("WINDLASS_JOB_ID", &*child), ("WINDLASS_DEPTH", "100")];
    let refused = Ran::of(cli.command(&["publish", "build.tested"]).envs(deep));
    assert!(
        refused.code != 0 && refused.stderr.contains("100 deep in its tree"),
        "{}",
        refused.stderr
    );
    assert_eq!(cli.run(&["trace", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]).code, 3);
}

/// O4, E20: who would get an event is told before it is published, and nothing is written.
#[test]
fn an_event_is_tried_before_it_is_published() {
    let cli = CliFixture::new();
    let add = ["subscription", "add", "large", "--event", "order.large", "--type", "order.paid"];
    cli.ok(&[&add[..], &["--sql", "data.total >= 1000"]].concat());
    let signal = ["subscription", "add", "paid", "--signal", "data.order", "--type", "order.*"];
    cli.ok(&signal);
    let tried = cli.json(&["publish", "order.paid", "total=5", "order=7", "--dry-run"]);
    assert_eq!(tried["schema"], "event_explanation.v1");
    let told = |nth: usize, key: &str| tried["subscriptions"][nth][key].clone();
    assert_eq!((told(0, "wants"), told(0, "clause")), (false.into(), "all[0].sql".into()));
    assert_eq!((told(1, "answer"), told(1, "made")), ("waiting".into(), "paid:7".into()));
    assert_eq!(cli.json(&["event", "list"]), serde_json::json!([]));
    let lines = b"{\"type\":\"order.paid\",\"data\":{\"total\":1000,\"order\":1}}\n\n{\"type\":\"order.sent\"}\n";
    let many = cli.run_with_stdin(&["publish", "-", "--dry-run"], lines);
    let page = "2 events tried, and none published\n  large would get 1 event\n  paid would get 2 events\n";
    assert_eq!((many.code, many.stdout.as_str()), (0, page), "{}", many.stderr);
    let wrong = cli.run_with_stdin(&["publish", "-", "--dry-run"], b"{\"type\":\"a\"}\n{}\n");
    assert_eq!(wrong.code, 2);
    assert!(wrong.error().contains("line 2: the type is missing; nothing was written"));
    assert_eq!(cli.json(&["event", "list"]), serde_json::json!([]));
    assert_eq!(cli.run(&["publish", "bad type", "--dry-run"]).code, 2);
    let shown = cli.table(&["subscription", "list"], "120");
    assert!(shown.contains("event order.large") && shown.contains("signal data.order"), "{shown}");
}

/// E20: events are followed as they come, and jobs with how they go on.
#[test]
fn events_and_jobs_are_followed() {
    let cli = CliFixture::new();
    cli.ok(&["publish", "order.paid", "order=1"]);
    cli.ok(&["publish", "order.sent", "order=1"]);
    cli.ok(&["publish", "order.paid", "order=2"]);
    let paid = ["event", "tail", "--after", "0", "--type", "*.paid", "--limit", "2"];
    let lines = cli.ok(&paid);
    let positions: Vec<_> = lines.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    assert_eq!(positions, ["1", "3"]);
    let json = cli.ok(&[&paid[..], &["--json"]].concat());
    let documents = json.lines().map(serde_json::from_str::<serde_json::Value>);
    let documents: Vec<_> = documents.map(|one| one.expect("a document a line")).collect();
    assert_eq!(
        (&documents[1]["schema"], &documents[1]["data"]["order"]),
        (&"event.v1".into(), &2.into())
    );

    let followed = |arguments: &[&str], happens: &[&str]| {
        let mut tail = cli.command(arguments);
        let mut tail = tail.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
        // What is there before it looks for the first time is not told.
        while tail.try_wait().expect("asked").is_none() {
            cli.ok(happens);
        }
        let output = tail.wait_with_output().expect("it has ended");
        String::from_utf8(output.stdout).expect("text")
    };
    let line = followed(&["tail", "--limit", "1"], &["publish", "tick"]);
    assert!(line.contains("\ttick\t"), "{line}");
    let line = followed(&["tail", "kind:nobody.*", "--limit", "1"], &["enqueue", "nobody.knows"]);
    assert!(line.contains("\tavailable\tjob_") && line.contains("\tnobody.knows\t"), "{line}");
}
