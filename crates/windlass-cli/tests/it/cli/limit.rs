//! `windlass limit`, `windlass lane`, and jobs that stand in line.

use super::fixture::CliFixture;

/// O9, C38: a limit is set, listed and removed, and one that makes no sense changes nothing.
#[test]
fn a_limit_is_set_listed_and_removed() {
    let cli = CliFixture::with_jobs();
    let set = ["limit", "set", "kind:crm.push", "--running", "20", "--rate", "100", "--per", "1m"];
    let said = cli.ok(&[&set[..], &["--burst", "10", "--note", "ana"]].concat());
    assert!(said.contains("kind:crm.push: 20 at once; 100 in 1m, 10 at once"), "{said}");
    cli.ok(&["limit", "set", "queue:mail", "--break-after", "5", "--open-for", "30s"]);
    insta::assert_snapshot!(cli.table(&["limit", "list"], "120"));
    assert_eq!(cli.run(&["limit", "close", "queue:mail"]).code, 3, "none is open");
    let limits = cli.json(&["limit", "list"]);
    let of_kind = &limits[1];
    assert_eq!(of_kind["schema"], "limit.v1");
    assert_eq!((&of_kind["on"], &of_kind["set_by"]), (&"kind:crm.push".into(), &"person".into()));
    assert_eq!((&of_kind["running"], &of_kind["rate"]["burst"]), (&20.into(), &10.into()));
    for wrong in [
        &["limit", "set", "kind:a", "--running", "0"][..],
        &["limit", "set", "kind:a"],
        &["limit", "set", "tasks:a", "--running", "1"],
        &["limit", "set", "kind:a", "--rate", "0"],
    ] {
        assert_eq!(cli.run(wrong).code, 2, "{wrong:?}");
    }
    assert_eq!(cli.json(&["limit", "list"]).as_array().map(Vec::len), Some(2));
    let said = cli.ok(&["limit", "set", "kind:crm.push", "--break-after", "3"]);
    let gone = "; its limit of how many run and rate are gone";
    assert!(said.contains(gone), "{said}");
    let part = cli.run(&["limit", "set", "kind:crm.push", "--rate", "2.5"]);
    assert!(part.stderr.contains("--rate 5 --per 2s"), "{}", part.stderr);
    cli.ok(&["limit", "remove", "queue:mail"]);
    assert_eq!(cli.run(&["limit", "remove", "queue:mail"]).code, 3);
}

/// E13: reserved places are set, listed and changed, and such as there are not change nothing.
#[test]
fn places_are_reserved_for_kinds() {
    let cli = CliFixture::with_jobs();
    let set = ["limit", "set", "queue:mail", "--running", "20", "--reserve", "welcome=5"];
    let said = cli.ok(&[&set[..], &["--reserve", "alert=1"]].concat());
    let words = "queue:mail: 20 at once, 1 of them for alert, 5 of them for welcome";
    assert!(said.contains(words), "{said}");
    assert!(cli.table(&["limit", "list"], "120").contains(&words[12..]));
    let reserved = serde_json::json!({ "alert": 1, "welcome": 5 });
    assert_eq!(cli.json(&["limit", "list"])[0]["reserved"], reserved);
    for wrong in [
        &["limit", "set", "queue:mail", "--running", "20", "--reserve", "welcome"][..],
        &["limit", "set", "queue:mail", "--running", "20", "--reserve", "welcome=0"],
        &["limit", "set", "queue:mail", "--running", "20", "--reserve", "welcome=21"],
        &["limit", "set", "queue:mail", "--running", "20", "--reserve", "=1"],
        &["limit", "set", "queue:mail", "--rate", "20", "--reserve", "welcome=1"],
        &["limit", "set", "kind:mail", "--running", "20", "--reserve", "welcome=1"],
    ] {
        assert_eq!(cli.run(wrong).code, 2, "{wrong:?}");
    }
    assert_eq!(cli.json(&["limit", "list"])[0]["reserved"], reserved);
    cli.ok(&["limit", "set", "queue:mail", "--running", "20"]);
    assert_eq!(cli.json(&["limit", "list"])[0].get("reserved"), None);
}

/// C25, T33: a job is enqueued in its lane, superseded or refused by its rules, and shown with its place.
#[test]
fn a_job_is_enqueued_in_its_lane() {
    let cli = CliFixture::with_jobs();
    let lane = ["--lane", "server 42"];
    let setup = ["enqueue", "server.provision", "--refused-by", "server.terminate"];
    let setup = || cli.run(&[&setup[..], &lane, &["-o", "plain"]].concat());
    let first = setup();
    let id = first.stdout.split('\t').next().expect("an id").to_owned();
    let teardown = ["enqueue", "server.terminate", "--supersedes", "server.provision"];
    cli.ok(&[&teardown[..], &lane, &["--block-when-dead"]].concat());
    assert!(cli.ok(&["job", "show", &id]).contains("superseded by server.terminate"));
    let explained = cli.table(&["explain", &id], "120");
    assert!(!explained.contains("job retry"), "nobody wants it any more: {explained}");
    let shown = cli.json(&["job", "show", &id]);
    assert_eq!(shown["lane"]["key"], "server 42");
    let refused = setup();
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("is refused in the lane `server 42`"), "{}", refused.stderr);
    assert_eq!(cli.run(&["lane", "open", "server 42"]).code, 3, "it does not stand still");
}
