//! `windlass job list` and `show`.

use super::fixture::{CliFixture, redacted};

#[test]
fn jobs_are_listed_newest_first() {
    let cli = CliFixture::with_jobs();
    insta::assert_snapshot!(cli.table(&["job", "list"], "160"));
}

#[test]
fn a_narrow_terminal_cuts_the_middle_and_never_an_id() {
    let cli = CliFixture::with_jobs();
    let table = cli.table(&["job", "list"], "110");
    insta::assert_snapshot!(table);
    assert!(table.lines().all(|line| line.chars().count() <= 110));
}

#[test]
fn a_script_gets_columns_separated_by_tabs() {
    let cli = CliFixture::with_jobs();
    let lines = cli.ok(&["job", "list", "state:dead"]);
    assert!(lines.starts_with("id\tkind\tqueue\tstate\tattempt\twhen\terror\n"));
    let bare = cli.ok(&["job", "list", "state:dead", "--no-header"]);
    let cells: Vec<&str> = bare.trim_end().split('\t').collect();
    assert_eq!(cells[1..5], ["bad", "media", "dead", "1"]);
    assert!(cells[5].ends_with('Z') && cells[6].contains("Decode"), "{bare}");
}

#[test]
fn no_jobs_are_an_empty_array_and_a_hint_for_people() {
    let cli = CliFixture::new();
    cli.ok(&["migrate"]);
    assert_eq!(cli.ok(&["job", "list", "--json"]), "[]\n");
    assert_eq!(cli.ok(&["job", "list", "--no-header"]), "");
    assert!(
        cli.table(&["job", "list"], "100").starts_with("no jobs yet; make one: windlass enqueue")
    );
}

#[test]
fn a_filter_selects_by_state_queue_and_kind() {
    let cli = CliFixture::with_jobs();
    let kinds = |filter: &[&str]| -> Vec<String> {
        let jobs = cli.json(&[&["job", "list"], filter].concat());
        let kind = |job: &serde_json::Value| job["kind"].as_str().expect("a kind").to_owned();
        jobs.as_array().expect("an array").iter().map(kind).collect()
    };
    assert_eq!(kinds(&["state:dead"]), ["bad"]);
    assert_eq!(kinds(&["-queue:mail", "-kind:b*"]), ["report.nightly", "flaky"]);
    assert_eq!(kinds(&["kind:good state:completed,available"]), ["good", "good"]);
    assert!(kinds(&["kind:none"]).is_empty());
    assert_eq!(kinds(&["error:\"DECODE\""]), ["bad"]);
    assert!(!kinds(&["-args.no.such:1"]).is_empty(), "a path begins no option");
    let counted = cli.table(&["job", "list", "kind:good", "--count"], "160");
    assert!(counted.contains("2 match"), "{counted}");
}

#[test]
fn a_wrong_filter_says_what_was_meant() {
    let cli = CliFixture::new();
    for (filter, said) in [
        ("stat:dead", "did you mean `state`?"),
        ("dead", "`dead` is not a filter term: expected name:value"),
        ("state:gone", "`gone` is not a state: waiting, scheduled"),
        ("state:", "`state:` needs a value"),
    ] {
        let ran = cli.run(&["job", "list", filter]);
        assert_eq!(ran.code, 2);
        assert!(ran.error().contains(said), "{}", ran.stderr);
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let cli = CliFixture::new();
    for _ in 0..5 {
        cli.enqueue("k", "default");
    }
    let all = cli.json(&["job", "list"]);
    let first = cli.json(&["job", "list", "--limit", "2"]);
    let cursor = first[1]["id"].as_str().expect("an id").to_owned();
    let second = cli.json(&["job", "list", "--limit", "2", "--cursor", &cursor]);
    let pages = [first[0].clone(), first[1].clone(), second[0].clone(), second[1].clone()];
    assert_eq!(pages, all.as_array().expect("an array")[..4]);
    let table = cli.table(&["job", "list", "--limit", "2"], "100");
    assert!(table.contains("2 of 5 · next page: --cursor job_"), "{table}");
    assert_eq!(cli.run(&["job", "list", "--limit", "501"]).code, 2);
}

#[test]
fn a_dead_job_is_shown_with_its_attempts_and_what_to_do() {
    let cli = CliFixture::with_jobs();
    insta::assert_snapshot!(redacted(&cli.ok(&["job", "show", &cli.id("state:dead")])));
}

#[test]
fn a_completed_job_is_shown_with_its_output() {
    let cli = CliFixture::with_jobs();
    insta::assert_snapshot!(redacted(&cli.ok(&["job", "show", &cli.id("state:completed")])));
}

#[test]
fn a_waiting_job_says_what_it_waits_for() {
    let cli = CliFixture::with_jobs();
    let id = cli.id("state:available");
    let shown = cli.ok(&["job", "show", &id]);
    assert!(shown.contains("next       waits: no live worker serves queue mail\n"), "{shown}");
    cli.ok(&["queue", "pause", "mail", "--note", "disk upgrade"]);
    let shown = cli.ok(&["job", "show", &id]);
    assert!(shown.contains("waits: queue mail is paused: disk upgrade\n"), "{shown}");
    assert!(shown.contains("windlass queue resume mail\n"), "{shown}");
    let retried = cli.ok(&["job", "show", &cli.id("state:retryable")]);
    assert!(retried.contains("next       attempt 2 2"), "{retried}");
}

#[test]
fn a_job_is_a_versioned_document() {
    let cli = CliFixture::with_jobs();
    let document = cli.ok(&["job", "show", &cli.id("state:dead"), "--json"]);
    insta::assert_snapshot!(redacted(&document));
}

#[test]
fn an_id_may_be_shortened_while_it_is_unique() {
    let cli = CliFixture::with_jobs();
    let id = cli.id("state:dead");
    let short = &id[..id.len() - 2];
    assert_eq!(cli.json(&["job", "show", &short.to_lowercase()])["id"], id.as_str());
    let ran = cli.run(&["job", "show", "job_0"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("several jobs' ids begin with job_0"), "{}", ran.stderr);
    assert_eq!(cli.run(&["job", "show", "job_7ZZZ"]).code, 3);
    assert_eq!(cli.run(&["job", "show", "what is this"]).code, 2);
}

#[test]
fn a_job_that_is_not_there_is_3() {
    let cli = CliFixture::with_jobs();
    let ran = cli.run(&["job", "show", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.error().contains("job_01KAHT5V3X5W9GNQ6D4R3ZCE7M does not exist"),
        "{}",
        ran.stderr
    );
    let ran = cli.run(&["job", "show", "job_01KAHT5V3X5W9GNQ6D4R3ZCE7M", "--json"]);
    assert_eq!(ran.problem()["status"], 404);
}

/// Bad input: what strangers sent is shown escaped wherever a person looks, so that it moves no cursor and hides no letter.
#[test]
fn strings_of_strangers_are_shown_escaped() {
    const HOSTILE: &str =
        "a\u{1b}[2Jb\u{9b}31m\u{202e}c\u{2066}d\u{200f}e\u{200b}f\u{feff}g\u{7f}h";
    let cli = CliFixture::new();
    let failing = "[[handler]]\nkind = \"fail\"\nqueue = \"q\"\n\
        exec = [\"sh\", \"-c\", \"printf 'no\\\\342\\\\200\\\\256ne' >&2; exit 65\"]\n";
    cli.file("windlass.toml", failing.as_bytes());
    let id = |words: &[&str]| {
        let told = cli.json(words);
        told["id"].as_str().or(told["job"].as_str()).expect("an id").to_owned()
    };
    let fail = id(&["enqueue", "fail", "--queue", "q"]);
    cli.work_once();
    let batch = id(&["batch", "open", "--name", HOSTILE, "--key", HOSTILE]);
    let args = serde_json::json!({ "name": HOSTILE }).to_string();
    let within = ["--batch", &batch, "--step", HOSTILE, "--lane", HOSTILE];
    let first = id(&[&["enqueue", "row", &args], &within[..]].concat());
    cli.ok(&["job", "cancel", &first, "--reason", HOSTILE]);
    let waits = ["--after", &first, "--on-signal", HOSTILE, "--deadline", "1h"];
    let second =
        id(&[&["enqueue", "row", "--batch", &batch, "--step", "last"], &waits[..]].concat());
    cli.ok(&["condition", "waive", &second, &first, "--note", HOSTILE]);
    for words in [
        &["job", "show", &fail][..],
        &["job", "show", &first],
        &["job", "show", &second],
        &["job", "list"],
        &["condition", "list", &second],
        &["batch", "show", &batch],
        &["batch", "list"],
        &["workflow", "show", &batch],
        &["explain", &second],
    ] {
        for page in [cli.ok(words), cli.ok(&[words, &["-o", "wide", "--color", "never"]].concat())]
        {
            let hidden = |c: &char| HOSTILE.contains(*c) && !c.is_ascii_graphic();
            assert_eq!(page.chars().find(hidden), None, "{words:?}: {page:?}");
            assert!(page.contains(r"\u{202e}"), "{words:?}: {page}");
        }
    }
}
