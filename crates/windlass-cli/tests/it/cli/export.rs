//! `windlass export` and `windlass import`, on both stores.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use super::archive::{Stores, block_on};
use super::fixture::{CliFixture, Ran};

on_both_stores! {
    /// F-39: jobs that have not ended come with their ids and all that is kept, and a second time nothing changes.
    jobs_come_once;
    /// F-39: events come by their source and id, and a second time nothing changes.
    events_come_once;
    /// Bad input: a damaged line is named; the rest is left or goes on as it was said.
    a_damaged_line_is_named;
    /// F-39: a walk over more than a page leaves nothing out, keeps the order, and writes nothing twice.
    many_pages_come_whole;
    /// S-35: a file is its owner's alone, and replaces nothing unasked.
    a_file_is_private;
}

fn import(stores: &Stores, args: &[&str]) -> Value {
    let said = stores.ok(&[&["import"], args, &["--json"]].concat(), &stores.to.url());
    serde_json::from_str(&said).expect("a document")
}

fn numbers(told: &Value) -> [u64; 4] {
    ["imported", "existing", "ended", "refused"].map(|name| told[name].as_u64().expect("a number"))
}

/// The documents of all jobs, without what an import does not keep.
fn jobs(stores: &Stores, url: &str) -> Vec<Value> {
    let said = stores.ok(&["export", "jobs"], url);
    let mut jobs: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
    for job in &mut jobs {
        let job = job.as_object_mut().expect("an object");
        for lost in [
            "attempt",
            "failures",
            "attempts",
            "created_at",
            "started_at",
            "worker",
            "reason",
            "state",
        ] {
            job.remove(lost);
        }
    }
    jobs
}

fn jobs_come_once(stores: &Stores) {
    let url = &stores.from.url();
    stores.ok(&["migrate"], url);
    for args in [
        &[
            "good",
            "n=900719925474099312345",
            "--queue",
            "mail",
            "--tag",
            "billing",
            "--subject",
            "customer=42",
        ][..],
        &["good", "--queue", "mail", "--unique", "u 1", "--priority=-3", "--version", "2"],
        &["later", "--delay", "5h", "--max-attempts", "3", "--max-losses", "0"],
        &["line", "--lane", "l 1", "--block-when-dead"],
        &["turn", "--fair", "t 1", "--weight", "3", "--expires", "5d"],
        &["limited", "--limit-key", "k", "--limit-running", "4", "--cost", "2"],
        &["waits", "--on-signal", "comes:1", "--deadline", "9d"],
        &["bad", "--queue", "media"],
        &["flaky", "--queue", "crm"],
    ] {
        stores.ok(&[&["enqueue"], args].concat(), url);
    }
    let config = stores.cli.path("windlass.toml");
    // Runs what the file knows: one fails for good, another is to be tried again, and one version is parked.
    let mut work = stores.cli.command(&["work", "--once", "--store", url, "--config"]);
    assert_eq!(Ran::of(work.arg(&config)).code, 0);
    let left = jobs(stores, url).len();
    assert_eq!(left, 9);
    stores.ok(&["export", "jobs", "--file", "jobs.jsonl"], url);
    stores.ok(&["migrate"], &stores.to.url());
    let dry = import(stores, &["jobs.jsonl", "--dry-run"]);
    assert_eq!((numbers(&dry), &dry["dry_run"]), ([7, 0, 2, 0], &json!(true)));
    assert_eq!(stores.ok(&["export", "jobs"], &stores.to.url()), "", "nothing was written");

    assert_eq!(numbers(&import(stores, &["jobs.jsonl"])), [7, 0, 2, 0]);
    let there = jobs(stores, &stores.to.url());
    let before: Vec<Value> =
        jobs(stores, url).into_iter().filter(|job| job["finished_at"].is_null()).collect();
    assert_eq!(before, there);
    assert_eq!(numbers(&import(stores, &["jobs.jsonl"])), [0, 7, 2, 0]);
    assert_eq!(jobs(stores, &stores.to.url()), there);
    // What waited goes on with its signal.
    stores.ok(&["signal", "comes:1"], &stores.to.url());
    let found = stores.ok(&["job", "list", "kind:waits", "--json"], &stores.to.url());
    assert!(found.contains(r#""state": "available""#), "{found}");
}

fn events_come_once(stores: &Stores) {
    let url = &stores.from.url();
    stores.ok(
        &[
            "publish",
            "order.paid",
            "order=42",
            "--id",
            "42",
            "--source",
            "/shop",
            "--about",
            "customer=7",
        ],
        url,
    );
    stores.ok(
        &[
            "publish",
            "order.open",
            "n=900719925474099312345",
            "--subject",
            "order/43",
            "--extension",
            "a=true",
        ],
        url,
    );
    stores.ok(&["publish", "user.new"], url);
    stores.ok(&["export", "events", "type:order.*", "--file", "e.jsonl"], url);
    assert_eq!(numbers(&import(stores, &["e.jsonl"])), [2, 0, 0, 0]);
    assert_eq!(numbers(&import(stores, &["e.jsonl"])), [0, 2, 0, 0]);
    let all = |url: &str| -> Vec<Value> {
        let said = stores.ok(&["export", "events", "type:order.*"], url);
        let read = |line| {
            let mut event: Value = serde_json::from_str(line).expect("a document");
            let event_fields = event.as_object_mut().expect("an object");
            for other in ["recorded_at", "origin", "given_id"] {
                event_fields.remove(other);
            }
            event
        };
        said.lines().map(read).collect()
    };
    assert_eq!(all(url), all(&stores.to.url()));
    // Into the store that they come of, too.
    let said = stores.ok(&["import", "e.jsonl", "--json"], url);
    assert_eq!(numbers(&serde_json::from_str(&said).expect("a document")), [0, 2, 0, 0]);
    assert_eq!(all(url).len(), 2);
}

fn a_damaged_line_is_named(stores: &Stores) {
    let url = &stores.from.url();
    for kind in ["a", "b", "c"] {
        stores.ok(&["enqueue", kind], url);
    }
    let whole = stores.ok(&["export", "jobs"], url);
    let lines: Vec<&str> = whole.lines().collect();
    let running = lines[1].replace("\"available\"", "\"running\"");
    let of_no_batch =
        lines[2].replace("\"batch\":null", "\"batch\":\"bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M\"");
    let torn = &lines[1][..40];
    let other = lines[1].replace("job.v1", "job.v9");
    let text = [lines[0], "", torn, &other, &running, &of_no_batch, lines[1]].join("\n");
    std::fs::write(stores.cli.path("bad.jsonl"), text).expect("written");
    let to = &stores.to.url();
    let ran = stores.run(&["import", "bad.jsonl"], to);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let said = ran.stderr.lines().last().expect("a line");
    assert!(said.contains("line 3: ") && said.contains("--keep-going"), "{}", ran.stderr);
    assert_eq!(stores.ok(&["export", "jobs"], to).lines().count(), 1, "what stood before is there");
    let ran = stores.run(&["import", "bad.jsonl", "--keep-going", "--json"], to);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).expect("a document");
    assert_eq!(numbers(&told), [1, 1, 0, 4]);
    let refused = told["refusals"].as_array().expect("a list").iter();
    let mut refused: Vec<u64> = refused.map(|one| one["line"].as_u64().expect("a line")).collect();
    refused.sort_unstable();
    assert_eq!(refused, [3, 4, 5, 6]);
    let ran = stores.run(&["import", "bad.jsonl", "--keep-going"], to);
    assert!(ran.stderr.contains("! line 6: ") && ran.stderr.contains("bat_"), "{}", ran.stderr);
    assert_eq!(stores.run(&["import", "none.jsonl"], to).code, 3);
    let ran = stores.cli.run_with_stdin(&["import", "-", "--store", to], lines[2].as_bytes());
    assert_eq!((ran.code, &*ran.stdout), (0, "1 imported\n"), "{}", ran.stderr);
    let ran = stores.run(&["import", "bad.jsonl"], "discard:");
    assert!(ran.code == 2 && ran.error().contains("keeps nothing"), "{}", ran.stderr);
}

fn many_pages_come_whole(stores: &Stores) {
    block_on(async {
        let client = windlass::Client::new(stores.from.open().await.expect("opened"));
        let draft = |nth: usize| {
            let args = windlass::Json::args(format!("{{\"n\":{nth}}}")).expect("JSON");
            windlass::NewJob::new("many", args)
        };
        client.enqueue_all((0..730).map(draft)).await.expect("enqueued");
        let event = |nth: usize| {
            let data = windlass::Json::args(format!("{{\"n\":{nth}}}")).expect("JSON");
            windlass::event::NewEvent::new("many", data)
        };
        client.publish_all((0..730).map(event)).await.expect("published");
    });
    for (what, at) in [("jobs", "/args/n"), ("events", "/data/n")] {
        let said = stores.ok(&["export", what], &stores.from.url());
        let numbers: Vec<u64> = said
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).expect("a document");
                line.pointer(at).and_then(Value::as_u64).expect("a number")
            })
            .collect();
        assert_eq!(numbers, (0..730).collect::<Vec<u64>>(), "{what}");
        std::fs::write(stores.cli.path("many.jsonl"), said).expect("written");
        assert_eq!(super::export::numbers(&import(stores, &["many.jsonl"])), [730, 0, 0, 0]);
        assert_eq!(super::export::numbers(&import(stores, &["many.jsonl"])), [0, 730, 0, 0]);
    }
}

fn a_file_is_private(stores: &Stores) {
    let url = &stores.from.url();
    stores.ok(&["enqueue", "a"], url);
    let said = stores.ok(&["export", "jobs", "--file", "jobs.jsonl", "--json"], url);
    let said: Value = serde_json::from_str(&said).expect("a document");
    assert_eq!(said, json!({ "schema": "export.v1", "file": "jobs.jsonl", "lines": 1 }));
    let mode =
        std::fs::metadata(stores.cli.path("jobs.jsonl")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ran = stores.run(&["export", "jobs", "--file", "jobs.jsonl"], url);
    assert!(ran.code == 4 && ran.error().contains("--force"), "{}", ran.stderr);
    stores.ok(&["export", "jobs", "--file", "jobs.jsonl", "--force"], url);
    let ran = stores.run(&["export", "jobs", "stat:dead", "--file", "none.jsonl"], url);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!stores.cli.path("none.jsonl").exists(), "a filter that cannot be read leaves no file");
}

/// The commands of docs/export.md and of the section of docs/sql.md, one after the other, in a folder with a store.
#[test]
fn the_commands_of_the_pages_work() {
    let cli = CliFixture::with_jobs();
    cli.ok(&["publish", "order.paid", "order=42"]);
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_windlass"));
    let folder = binary.parent().expect("a folder").display();
    let path = format!("{folder}:{}", std::env::var("PATH").expect("a path"));
    for page in ["export.md", "sql.md"] {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/").to_owned() + page;
        let text = std::fs::read_to_string(&page).expect("the page");
        let commands: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("$ windlass ")).collect();
        assert!(commands.len() >= 4, "{page}");
        for command in commands.iter().filter(|command| !command.contains("postgres://")) {
            let mut shell = Command::new("sh");
            shell.args(["-ec", &format!("windlass {command}")]);
            shell.current_dir(cli.path("")).env("PATH", &path).env_remove("WINDLASS_STORE");
            let ran = Ran::of(&mut shell);
            assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        }
    }
}
