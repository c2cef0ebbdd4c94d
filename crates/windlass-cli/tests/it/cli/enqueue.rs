//! `windlass enqueue`.

use super::fixture::{CliFixture, Ran, redacted};

#[test]
fn a_job_is_announced_with_its_id_its_queue_and_how_to_see_it() {
    let cli = CliFixture::new();
    let table = cli.table(&["enqueue", "mail.welcome", "user_id=42", "--delay", "5m"], "100");
    insta::assert_snapshot!(table);
}

/// Who copies the file of a store that nobody has open has all that is in it.
#[test]
fn the_file_alone_has_everything_afterwards() {
    let cli = CliFixture::new();
    cli.ok(&["enqueue", "mail.welcome"]);
    let folder = std::fs::read_dir(cli.path(".")).expect("a folder");
    let names: Vec<_> = folder.map(|one| one.expect("read").file_name()).collect();
    let is_log = |name: &&std::ffi::OsString| name.to_string_lossy().ends_with("-wal");
    assert!(!names.is_empty() && !names.iter().any(|name| is_log(&name)), "{names:?}");
}

#[test]
fn a_job_nobody_serves_is_pointed_out() {
    let cli = CliFixture::new();
    let table = cli.table(&["enqueue", "mail.welcome", "--queue", "mail"], "100");
    assert!(table.contains("! no worker serves queue mail now"), "{table}");
}

#[test]
fn a_script_gets_the_id_first_on_one_line() {
    let cli = CliFixture::new();
    let line = redacted(&cli.ok(&["enqueue", "mail.welcome", "--queue", "mail"]));
    assert_eq!(line, "job_XXXXXXXXXXXXXXXXXXXXXXXXXX\tmail.welcome\tmail\tnew\n");
}

#[test]
fn the_document_has_everything_that_was_said() {
    let cli = CliFixture::new();
    let stdout = cli.ok(&[
        "enqueue",
        "img.thumb",
        r#"{"asset":900719925474099312345}"#,
        "--queue",
        "media",
        "--priority",
        "-5",
        "--version",
        "3",
        "--max-attempts",
        "4",
        "--max-losses",
        "9",
        "--run-at",
        "2030-01-01T00:00:00Z",
        "--json",
    ]);
    insta::assert_snapshot!(redacted(&stdout));
}

#[test]
fn args_come_from_words_files_and_stdin() {
    let cli = CliFixture::new();
    let file = cli.file("args.json", br#"{"from":"file"}"#);
    for (args, stdin, stored) in [
        (&["n=1", "s=x", "q=a=b"][..], "", r#"{"n":1,"s":"x","q":"a=b"}"#),
        (&[file.as_str()], "", r#"{"from":"file"}"#),
        (&["-"], "[1, 2]", "[1, 2]"),
        (&[], "", "{}"),
        (&["null"], "", "null"),
    ] {
        let words = [&["enqueue", "k"], args, &["-o", "plain"]].concat();
        let ran = cli.run_with_stdin(&words, stdin.as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let id = ran.stdout.split('\t').next().expect("an id");
        let shown = cli.ok(&["job", "show", id]);
        assert!(shown.contains(&format!("args       {stored}\n")), "{shown}");
    }
}

/// X13: refused before the store is touched, with the size or the place.
#[test]
fn what_cannot_be_stored_is_refused_and_nothing_is_written() {
    let cli = CliFixture::new();
    let large = format!("\"{}\"", "x".repeat(300_000));
    let large = cli.file("large.json", large.as_bytes());
    let nul = cli.file("nul.json", b"\"a\\u0000b\"");
    let raw_nul = cli.file("raw_nul.json", b"\"a\0b\"");
    let latin = cli.file("latin1.json", b"\"caf\xe9\"");
    for (args, said) in [
        (
            &["k", large.as_str()][..],
            "args from large.json refused: 300 002 bytes are above the limit of 262 144",
        ),
        (&["k", &nul], "NUL character at byte 2"),
        (&["k", &raw_nul], "NUL character at byte 2"),
        (&["k", &latin], "invalid UTF-8 at byte 4"),
        (&["k", r#""\ud800""#], "lone surrogate escape at byte 1"),
        (&["k", "{\"a\":}"], "expected value at line 1 column 6"),
        (&["k", "hello"], "args are JSON, key=value, @FILE or - for stdin"),
        (&["k", "a=1", "a=2"], "the key `a` is given twice"),
        (&["k", "@none.json"], "the file none.json with the args cannot be read"),
        (&["a b"], "kind `a b` has the character ' ' at 1"),
        (&["k", "--queue", ""], "a queue needs a name"),
    ] {
        let ran = cli.run(&[&["enqueue"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.error().contains(said), "{}", ran.stderr);
        assert!(ran.error().contains("nothing was written"), "{}", ran.stderr);
    }
    let ran = cli.run_with_stdin(&["enqueue", "k", "-"], &vec![b' '; 400_000]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("more than 262 144 bytes"), "{}", ran.stderr);
    assert!(!cli.path("windlass.db").exists());
}

#[test]
fn wrong_times_are_wrong_usage() {
    let cli = CliFixture::new();
    for args in [
        &["--delay", "5"][..],
        &["--run-at", "tomorrow"],
        &["--delay", "5m", "--run-at", "2030-01-01T00:00:00Z"],
        &["--timeout", "1s"],
        &["--expires", "5"],
        &["--expires", "0s"],
        &["--expires-at", "tomorrow"],
        &["--expires", "5m", "--expires-at", "2030-01-01T00:00:00Z"],
        &["--run-at", "2030-01-02T00:00:00Z", "--expires-at", "2030-01-01T00:00:00Z"],
    ] {
        let ran = cli.run(&[&["enqueue", "k"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}");
        ran.error();
    }
}

/// T45: from when it is due, shown with the job; what is over says so, and a retry runs it.
#[test]
fn a_job_expires() {
    let cli = CliFixture::new();
    let moments = ["--run-at", "2040-01-01T00:00:00Z", "--expires", "90s"];
    let job = cli.json(&[&["enqueue", "otp.send"][..], &moments].concat());
    assert_eq!(job["expires_at"], "2040-01-01T00:01:30.000Z");
    let id = job["id"].as_str().expect("an id");
    let shown = cli.ok(&["job", "show", id]);
    assert!(shown.contains("expires    2040-01-01"), "{shown}");
    let over = cli.json(&["enqueue", "otp.send", "--expires-at", "2026-01-01T00:00:00Z"]);
    let shown = cli.ok(&["job", "show", over["id"].as_str().expect("an id")]);
    assert!(shown.contains("it never runs, and the next sweep of a worker cancels it"), "{shown}");
}

#[test]
fn the_same_id_is_one_job() {
    let cli = CliFixture::new();
    let enqueue = ["enqueue", "k", "--id", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"];
    assert!(cli.ok(&enqueue).ends_with("\tnew\n"));
    assert!(cli.ok(&enqueue).ends_with("\texisting\n"));
    assert!(cli.table(&enqueue, "100").contains("was there already; nothing was written"));
    assert_eq!(cli.json(&["job", "list"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn waiting_ends_with_the_output_and_0_where_the_job_completes() {
    let cli = CliFixture::new();
    let _worker = cli.work();
    let ran = Ran::of(
        cli.command(&["enqueue", "good", "--queue", "mail", "--wait", "-o", "table"])
            .env("COLUMNS", "100"),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(redacted(&ran.stdout));
}

#[test]
fn waiting_ends_with_8_where_the_job_dies_or_is_cancelled() {
    let cli = CliFixture::new();
    let _worker = cli.work();
    let ran = Ran::of(
        cli.command(&["enqueue", "bad", "--queue", "media", "--wait", "-o", "table"])
            .env("COLUMNS", "100"),
    );
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    insta::assert_snapshot!(redacted(&ran.stdout));
    let ran = cli.run(&["enqueue", "bad", "--queue", "media", "--wait", "--json"]);
    assert_eq!(ran.code, 8);
    let job: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(job["state"], "dead");
}

#[test]
fn waiting_ends_with_7_when_the_time_is_over_and_the_job_is_left_alone() {
    let cli = CliFixture::new();
    let ran = cli.run(&["enqueue", "k", "--wait", "--timeout", "50ms", "--json"]);
    assert_eq!(ran.code, 7);
    assert_eq!(ran.problem()["code"], "timed-out");
    let job: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(job["state"], "available");
    assert_eq!(cli.json(&["job", "list"])[0]["state"], "available");
}

/// C22, T21: a second job with a key is answered with the first, and listed; `reject` is exit 4.
#[test]
fn a_key_is_one_job() {
    let cli = CliFixture::new();
    let enqueue = ["enqueue", "k", "n=1", "--unique", "a"];
    let first = cli.ok(&enqueue);
    let id = first.split('\t').next().expect("an id");
    assert!(first.ends_with("\tnew\n"));
    assert_eq!(cli.ok(&enqueue), format!("{id}\tk\tdefault\tkept\n"));
    assert!(cli.table(&enqueue, "100").contains("holds the key; nothing was written"));
    let replace = ["enqueue", "k", "n=2", "--unique", "a", "--on-conflict", "replace"];
    assert!(cli.ok(&replace).ends_with("\treplaced\n"));
    let rejected = cli.run(&["enqueue", "k", "--unique", "a", "--on-conflict", "reject"]);
    assert_eq!(rejected.code, 4, "{}", rejected.stderr);
    let expected = format!("k with the unique key `a` is there already: {id}; nothing was written");
    assert!(rejected.error().contains(&expected), "{}", rejected.stderr);
    assert!(cli.ok(&["job", "show", id]).contains("unique     a, until it has ended"));
    assert_eq!(cli.json(&["job", "show", id])["unique"]["key"], "a");
    assert_eq!(cli.json(&["job", "list"]).as_array().map(Vec::len), Some(1));

    let found = cli.json(&["job", "duplicates"]);
    assert_eq!(found["schema"], "duplicates.v1");
    assert_eq!(found["newest"][0]["answer"], "rejected");
    assert_eq!(found["newest"][0]["job"], id);
    assert_eq!(found["counts"].as_array().map(Vec::len), Some(3));
    let table = cli.table(&["job", "duplicates"], "120");
    assert!(table.contains("k: 2 jobs kept") && table.contains("k: 1 job rejected"), "{table}");
}

/// T22: what is said to be about something is found by it, and shown.
#[test]
fn a_job_is_found_by_what_it_is_about() {
    let cli = CliFixture::new();
    cli.ok(&["enqueue", "k", "--subject", "customer=7"]);
    let line = cli.ok(&[
        "enqueue",
        "k",
        "--tag",
        "billing",
        "--tag",
        "urgent",
        "--subject",
        "customer=42",
        "--subject",
        "order=a7",
    ]);
    let id = line.split('\t').next().expect("an id");
    let shown = cli.ok(&["job", "show", id]);
    assert!(shown.contains("tags       billing urgent"), "{shown}");
    assert!(shown.contains("subjects   customer=42 order=a7"), "{shown}");
    let found = cli.json(&["job", "list", "tag:billing", "subject:customer=42", "since:1h"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["tags"][1], "urgent");
    assert_eq!(found[0]["subjects"][1]["type"], "order");
    assert_eq!(found[0]["subjects"][1]["id"], "a7");
    cli.ok(&["job", "cancel", "subject:customer=42", "--yes", "--expect", "1"]);
    let cancelled = cli.json(&["job", "list", "subject:customer=42 state:cancelled"]);
    assert_eq!(cancelled[0]["id"], id);
}

#[test]
fn a_tag_needs_sense() {
    let cli = CliFixture::new();
    let long = format!("customer={}", "x".repeat(10_000));
    for args in [
        ["--tag", ""],
        ["--tag", "two words"],
        ["--subject", "customer"],
        ["--subject", "customer=a b"],
        ["--subject", "=42"],
        ["--subject", &long],
    ] {
        let ran = cli.run(&[&["enqueue", "k"][..], &args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
    }
    assert!(!cli.path("windlass.db").exists());
    cli.ok(&["enqueue", "k"]);
    for filter in ["subject:customer", "since:noon", "-since:1h", "tag:"] {
        assert_eq!(cli.run(&["job", "list", filter]).code, 2, "{filter}");
    }
}

#[test]
fn a_key_needs_sense() {
    let cli = CliFixture::new();
    for args in [
        &["--unique", ""][..],
        &["--unique-until", "started"],
        &["--unique", "a", "--unique-until", "cancelled"],
        &["--unique", "a", "--unique-for", "0s"],
        &["--unique", "a", "--unique-for", "1h", "--unique-until", "started"],
        &["--unique", "a", "--on-conflict", "ignore"],
    ] {
        let ran = cli.run(&[&["enqueue", "k"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
    }
    assert!(!cli.path("windlass.db").exists());
}
