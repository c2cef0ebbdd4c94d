//! `windlass bundle`, on both stores: canaries in all places that may be secret.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::archive::Stores;

on_both_stores! {
    /// S-35, S-45: nothing of what jobs are about, of what people wrote, and of secrets leaves the machine; names and numbers do.
    a_bundle_has_no_secrets;
    /// S-35: a bundle is its owner's alone, and replaces nothing unasked.
    a_bundle_is_private;
}

/// With a canary in each place.
const CONFIG: &str = r#"
[[handler]]
kind = "shown.handler"
timeout = "60s"
http = "https://canary-user:canary-password@shown.host:8080/canary-path?canary-query=1"
[[handler]]
kind = "fails"
exec = ["sh", "-c", "echo 'canary-error of 42' >&2; exit 65", "canary-word"]
env = { CANARY_NAME = "canary-env", plain = "canary-plain" }
dir = "."
[schedule.shown-schedule]
cron = "0 2 * * *"
kind = "shown.nightly"
args = { pin = "canary-scheduled" }
[subscription.shown-subscription]
kind = "shown.subscribed"
types = ["order.*"]
filter = { exact = { subject = "canary-filter" } }
[source.shown-source]
url = "https://shown.feed/canary-feed?token=canary-token-of-feed"
token_file = "canary-token-file"
"#;

fn fill(stores: &Stores) {
    let url = &stores.from.url();
    stores.ok(&["migrate"], url);
    std::fs::write(stores.cli.path("canary-token-file"), "canary-token").expect("written");
    for args in [
        &[
            "enqueue",
            "fails",
            "pin=canary-args",
            "--tag",
            "canary-tag",
            "--subject",
            "customer=canary-subject",
        ][..],
        &["enqueue", "fails", "--lane", "canary-lane", "--block-when-dead"],
        &["enqueue", "fails", "--lane", "canary-lane"],
        &["enqueue", "waits", "--fair", "canary-turn", "--queue", "shown-queue", "--delay", "1h"],
        &[
            "enqueue",
            "waits",
            "--unique",
            "canary-key",
            "--limit-key",
            "canary-limit",
            "--delay",
            "1h",
        ],
        &["enqueue", "waits", "--on-signal", "canary-signal"],
        &[
            "publish",
            "order.paid",
            "pin=canary-data",
            "--subject",
            "canary-about",
            "--source",
            "/canary-source",
            "--id",
            "canary-id",
        ],
        &["schedule", "add", "shown-by-hand", "0 2 * * *", "report", "pin=canary-by-hand"],
        &["subscription", "add", "shown-by-command", "--kind", "shown.kind", "--type", "order.*"],
        &["queue", "pause", "shown-queue", "--note", "canary-note"],
        &["kind", "pause", "shown.paused", "--note", "canary-note-of-kind"],
        &["limit", "set", "queue:shown-queue", "--running", "20"],
        &["token", "create", "canary-token-name", "--scope", "enqueue"],
    ] {
        stores.ok(args, url);
    }
    let fails = stores.cli.path("work.toml");
    let handler =
        CONFIG.split("[[handler]]").nth(2).and_then(|text| text.split("[schedule").next());
    std::fs::write(&fails, format!("[[handler]]{}", handler.expect("a handler"))).expect("written");
    stores.ok(&["work", "--once", "--config", &fails.display().to_string()], url);
    std::fs::write(stores.cli.path("windlass.toml"), CONFIG).expect("written");
}

fn a_bundle_has_no_secrets(stores: &Stores) {
    fill(stores);
    let url = &stores.from.url();
    let said = stores.ok(&["bundle", "-o", "table"], url);
    assert!(said.contains("windlass-bundle.json is written"), "{said}");
    assert!(said.contains("no args, outputs, errors") && said.contains("read it before"), "{said}");
    let text = std::fs::read_to_string(stores.cli.path("windlass-bundle.json")).expect("there");
    let found: Vec<&str> =
        text.lines().filter(|line| line.to_lowercase().contains("canary")).collect();
    assert!(found.is_empty(), "{found:#?}");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    assert!(!text.contains(host.trim()), "no names of machines");
    for shown in [
        "shown.handler",
        "shown-schedule",
        "shown.nightly",
        "shown-subscription",
        "shown-source",
        "shown-by-hand",
        "shown-by-command",
        "shown.kind",
        "shown-queue",
        "shown.paused",
        "https://shown.host:8080/…",
        "https://shown.feed/…",
        "60s",
        "0 2 * * *",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let bundle: Value = serde_json::from_str(&text).expect("a document");
    assert_eq!(bundle["schema"], "bundle.v1");
    assert_eq!(bundle["windlass"], env!("CARGO_PKG_VERSION"));
    let row = |rows: &Value, name: &str| -> Value {
        let mut rows = rows["rows"].as_array().expect("rows").iter();
        let kind = |row: &&Value| row["kind"] == "fails" && !row[name].is_null();
        rows.rfind(kind).cloned().expect("a row")
    };
    assert_eq!(row(&bundle["jobs"], "state")["jobs"], 2, "{bundle:#}");
    let failures = row(&bundle["failures"], "outcome");
    assert_eq!((&failures["attempts"], &failures["different_errors"]), (&json!(2), &json!(1)));
    assert_eq!(bundle["status"]["jobs"]["dead"], 2);
    assert!(bundle["doctor"].as_array().is_some_and(|checks| checks.len() > 8));
    assert!(bundle["store"]["server"].as_str().is_some_and(|server| server.contains("SQL")));
}

fn a_bundle_is_private(stores: &Stores) {
    let url = &stores.from.url();
    stores.ok(&["migrate"], url);
    stores.ok(&["bundle", "--file", "b.json", "--json"], url);
    let mode = std::fs::metadata(stores.cli.path("b.json")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ran = stores.run(&["bundle", "--file", "b.json"], url);
    assert!(ran.code == 4 && ran.error().contains("--force"), "{}", ran.stderr);
    stores.ok(&["bundle", "--file", "b.json", "--force"], url);
    std::fs::write(stores.cli.path("windlass.toml"), "canary = [").expect("written");
    stores.ok(&["bundle", "--file", "b.json", "--force"], url);
    let text = std::fs::read_to_string(stores.cli.path("b.json")).expect("there");
    assert!(text.contains(r#""config": "cannot be read""#) && !text.contains("canary"), "{text}");
}
