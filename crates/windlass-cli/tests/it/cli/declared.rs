//! What a `windlass.toml` declares is in the audit, on both stores.

use serde_json::{Value, json};

use super::archive::Stores;

on_both_stores! {
    /// What a file changes when a worker starts is entered, with what it was before; what it does not change is not.
    what_a_file_changes_is_entered;
    /// Workers that start together enter one change once, and what a person has set since is theirs.
    a_change_is_entered_once;
    /// Names may have a slash.
    names_with_a_slash_are_found;
    /// Bad input: a file that cannot be used changes nothing.
    a_file_that_is_refused_declares_nothing;
}

fn file(running: u8) -> String {
    format!(
        r#"
[[handler]]
kind = "good"
exec = ["true"]
[[limit]]
on = "kind:good"
running = {running}
[queue.mail]
max_jobs = 1000
age_every = "1h"
[schedule.nightly]
kind = "good"
cron = "0 3 * * *"
[subscription.orders]
types = ["order.*"]
kind = "good"
[events]
keep = "10d"
"#
    )
}

fn work(stores: &Stores, file: &str) {
    stores.cli.file("windlass.toml", file.as_bytes());
    stores.ok(&["work", "--once"], &stores.from.url());
}

/// The acts of files, the oldest first.
fn acts(stores: &Stores) -> Vec<Value> {
    let said = stores.ok(&["audit", "list", "--json"], &stores.from.url());
    let acts: Vec<Value> = serde_json::from_str(&said).expect("a document");
    acts.into_iter().rev().filter(|act| act["via"] == "config").collect()
}

fn what_a_file_changes_is_entered(stores: &Stores) {
    work(stores, &file(3));
    let entered = acts(stores);
    let told = |act: &Value| format!("{} {}", act["action"], act["target"]).replace('"', "");
    let mut done: Vec<_> = entered.iter().map(told).collect();
    done.sort();
    let expected = [
        "events.put_keep events/keep",
        "limits.set limits/kind:good",
        "queues.bound queues/mail",
        "schedules.put schedules/nightly",
        "subscriptions.put subscriptions/orders",
    ];
    assert_eq!(done, expected, "{entered:?}");
    let limit = entered.iter().find(|act| act["action"] == "limits.set").expect("entered");
    assert_eq!((&limit["before"], &limit["after"]["running"]), (&Value::Null, &json!(3)));
    let asked = limit["asked"]["file"].as_str().expect("a file");
    assert!(asked.ends_with("windlass.toml") && limit["actor"] == "ana", "{limit}");
    work(stores, &file(3));
    assert_eq!(acts(stores).len(), 5, "nothing was changed");
    work(stores, &file(4));
    let entered = acts(stores);
    let last = &entered[5];
    assert_eq!((&last["before"], &last["after"]), (&json!({"running": 3}), &json!({"running": 4})));
    assert_eq!(entered.len(), 6);
    stores.ok(&["audit", "verify"], &stores.from.url());
}

fn a_change_is_entered_once(stores: &Stores) {
    work(stores, &file(3));
    stores.ok(&["limit", "set", "kind:good", "--running", "9"], &stores.from.url());
    work(stores, &file(4));
    let limits = |act: &&Value| act["target"] == "limits/kind:good";
    assert_eq!(acts(stores).iter().filter(limits).count(), 1, "the limit is a person's now");
}

fn names_with_a_slash_are_found(stores: &Stores) {
    let file = "[[handler]]\nkind = \"a/b\"\nexec = [\"true\"]\n[[limit]]\non = \"kind:a/b\"\nrunning = 2\n[queue.\"a/b\"]\nmax_jobs = 9\n";
    work(stores, file);
    let entered = acts(stores);
    let target = |act: &Value| act["target"].as_str().expect("a target").to_owned();
    let targets: Vec<_> = entered.iter().map(target).collect();
    assert_eq!(targets, ["limits/kind:a/b", "queues/a/b"]);
    stores.ok(&["queue", "pause", "a/b"], &stores.from.url());
    let said = stores.ok(&["audit", "list", "--json"], &stores.from.url());
    let said: Value = serde_json::from_str(&said).expect("a document");
    assert!(said[0]["after"]["paused_at"].is_string(), "{}", said[0]);
}

fn a_file_that_is_refused_declares_nothing(stores: &Stores) {
    stores.ok(&["migrate"], &stores.from.url());
    stores.cli.file("windlass.toml", format!("{}[encryption]\n", file(3)).as_bytes());
    let ran = stores.run(&["work", "--once"], &stores.from.url());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("[encryption] of the configuration needs it"), "{}", ran.stderr);
    assert_eq!(stores.ok(&["limit", "list", "--json"], &stores.from.url()).trim(), "[]");
    assert_eq!(stores.ok(&["schedule", "list", "--json"], &stores.from.url()).trim(), "[]");
    assert_eq!(acts(stores).len(), 0);
}
