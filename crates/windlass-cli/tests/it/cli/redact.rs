//! What is marked is not printed, on both stores.

use serde_json::{Value, json};

use super::archive::Stores;
use super::fixture::Ran;

on_both_stores! {
    /// S-45: a secret in any place that is marked is in nothing that is printed or written, unless it is asked for.
    nothing_prints_what_is_marked;
    /// S-45: a line of an export that lacks what is marked is not imported; one that has it is, with its marks.
    what_is_not_there_is_not_imported;
    /// S-45: a windlass.toml that cannot be read hides nothing, so nothing is shown.
    what_cannot_be_read_shows_nothing;
}

const CANARY: &str = "canary-7f31";
const CONFIG: &str = r#"
[redact]
fields = ["password", "*_token"]
[redact.kinds]
"goo*" = ["card.number"]
[redact.events]
"order.*" = ["iban"]
[schedule.declared]
cron = "0 3 * * *"
kind = "good"
args = { password = "canary-7f31-declared" }
[[handler]]
kind = "good"
queue = "mail"
exec = ["sh", "-c", "cat > $WINDLASS_RESULT_FILE"]
"#;

fn args() -> String {
    let secret = |place: &str| format!("{CANARY}-{place}");
    json!({
        "shown": "seen-by-all", "password": secret("name"), "card": {"number": secret("kind")},
        "deep": [{"Api_Token": secret("deep")}], "own": secret("own"),
    })
    .to_string()
}

/// A job that is done, one that waits, one of a schedule, and an event.
fn fill(stores: &Stores) {
    let url = &stores.from.url();
    std::fs::write(stores.cli.path("windlass.toml"), CONFIG).expect("written");
    stores.cli.file("args.json", args().as_bytes());
    stores.ok(&["migrate"], url);
    stores.ok(&["enqueue", "good", "@args.json", "--queue", "mail", "--redact", "own"], url);
    let mut work = stores.cli.command(&["work", "--once", "--store", url]);
    assert_eq!(Ran::of(&mut work).code, 0);
    stores.ok(
        &["enqueue", "good", "@args.json", "--queue", "q", "--delay", "5h", "--redact", "own"],
        url,
    );
    let nightly = json!({"password": format!("{CANARY}-schedule")}).to_string();
    stores.ok(&["schedule", "add", "nightly", "0 2 * * *", "good", &nightly], url);
    let data = json!({"iban": format!("{CANARY}-iban"), "a_token": format!("{CANARY}-event")});
    stores.ok(&["publish", "order.paid", &data.to_string()], url);
}

fn id(stores: &Stores, filter: &str) -> String {
    let found = stores.ok(&["job", "list", filter, "--json"], &stores.from.url());
    let found: Value = serde_json::from_str(&found).expect("a document");
    found[0]["id"].as_str().expect("a job").to_owned()
}

fn nothing_prints_what_is_marked(stores: &Stores) {
    fill(stores);
    let url = &stores.from.url();
    let (done, later) = (id(stores, "state:completed"), id(stores, "state:scheduled"));
    for args in [
        &["job", "list"][..],
        &["job", "show", &done],
        &["job", "show", &later],
        &["export", "jobs"],
        &["export", "events"],
        &["event", "list"],
        &["event", "show", "1"],
        &["event", "tail", "--after", "0", "--limit", "1"],
        &["schedule", "list"],
        &["schedule", "show", "nightly"],
        &["schedule", "show", "declared"],
        &["schedule", "run-now", "nightly"],
        &["explain", &later],
        &["explain", "1"],
        &["trace", &done],
        &["condition", "list", &later],
        &["audit", "list"],
        &["alert", "list"],
        &["status"],
        &["doctor"],
        &["job", "cancel", "state:scheduled", "--dry-run"],
    ] {
        for form in ["json", "table", "wide", "plain"] {
            let ran = stores.run(&[args, &["--output", form]].concat(), url);
            let said = ran.stdout + &ran.stderr;
            assert!(!said.contains(CANARY), "{args:?} {form}: {said}");
        }
    }
    let declared = stores.ok(&["schedule", "show", "declared"], url);
    assert_eq!(declared.matches("[redacted]").count(), 2, "as it is and as declared: {declared}");
    let ran = stores.run(&["top", "--once", "--json"], url);
    assert!(ran.code == 0 && !ran.stdout.contains(CANARY), "{ran:?}");
    stores.ok(&["bundle", "--file", "bundle.json"], url);
    let bundle = std::fs::read_to_string(stores.cli.path("bundle.json")).expect("written");
    assert!(!bundle.contains(CANARY), "{bundle}");
    let shown = stores.ok(&["job", "show", &done, "--json"], url);
    let shown: Value = serde_json::from_str(&shown).expect("a document");
    assert_eq!(
        (&shown["redacted"], &shown["args"]["shown"]),
        (&json!(true), &json!("seen-by-all"))
    );
    for args in [&["job", "show", &done][..], &["export", "jobs"]] {
        let all = stores.ok(&[args, &["--unredacted"]].concat(), url);
        for place in ["name", "kind", "deep", "own"] {
            assert!(all.contains(&format!("{CANARY}-{place}")), "{args:?} {place}: {all}");
        }
    }
}

fn what_is_not_there_is_not_imported(stores: &Stores) {
    fill(stores);
    let url = &stores.from.url();
    stores.ok(&["migrate"], &stores.to.url());
    for (what, name) in [("jobs", "jobs.jsonl"), ("events", "events.jsonl")] {
        let filter = if what == "jobs" { "state:scheduled" } else { "type:*" };
        stores.ok(&["export", what, filter, "--file", name], url);
        let refused = stores.run(&["import", name], &stores.to.url());
        let line = refused.error();
        assert!(line.contains("line 1: ") && line.contains("--unredacted"), "{line}");
        stores.ok(&["export", what, filter, "--file", name, "--force", "--unredacted"], url);
        let told = stores.ok(&["import", name, "--json"], &stores.to.url());
        let told: Value = serde_json::from_str(&told).expect("a document");
        assert_eq!(told["imported"], json!(1), "{told}");
    }
    let ended = stores.ok(&["export", "jobs", "state:completed"], url);
    stores.cli.file("ended.jsonl", ended.as_bytes());
    let told = stores.ok(&["import", "ended.jsonl", "--json"], &stores.to.url());
    let told: Value = serde_json::from_str(&told).expect("a document");
    assert_eq!((&told["ended"], &told["refused"]), (&json!(1), &json!(0)), "it has no use for it");
}

fn what_cannot_be_read_shows_nothing(stores: &Stores) {
    fill(stores);
    let url = &stores.from.url();
    let done = id(stores, "state:completed");
    std::fs::write(stores.cli.path("windlass.toml"), "[redact]\nfield = []").expect("written");
    for args in [&["job", "show", &done][..], &["export", "jobs"], &["job", "list", "--json"]] {
        let ran = stores.run(args, url);
        assert_eq!((ran.code, ran.stdout.contains(CANARY)), (2, false), "{ran:?}");
        assert!(ran.stderr.contains("did you mean `fields`?"), "{ran:?}");
    }
    assert!(stores.ok(&["job", "show", &done, "--unredacted"], url).contains(CANARY));
}
