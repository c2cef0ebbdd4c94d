//! Encryption from the command line, on both stores.

use serde_json::{Value, json};

use super::archive::Stores;
use super::fixture::CliFixture;

on_both_stores! {
    /// S-45: with keys in the environment, jobs are encrypted, shown in clear where that is asked for, and counted by key.
    jobs_are_encrypted_with_the_keys_of_the_environment;
    /// An export has what is stored, and what is imported of it is the same.
    what_is_exported_stays_encrypted;
}

const OLD: &str = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const CANARY: &str = "canary-4711";

fn with_keys(stores: &Stores, keys: &str, args: &[&str]) -> (i32, String, String) {
    let url = stores.from.url();
    let ran = stores.cli.run_with(&[("WINDLASS_KEYS", keys)], &[args, &["--store", &url]].concat());
    (ran.code, ran.stdout, ran.stderr)
}

fn ok(stores: &Stores, keys: &str, args: &[&str]) -> String {
    let (code, stdout, stderr) = with_keys(stores, keys, args);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    stdout
}

fn enqueue(stores: &Stores, keys: &str) -> String {
    let args = format!(r#"{{"card":"{CANARY}"}}"#);
    let said = ok(stores, keys, &["enqueue", "customer.create", &args, "--json"]);
    assert!(!said.contains(CANARY), "{said}");
    let said: Value = serde_json::from_str(&said).expect("a document");
    said["id"].as_str().expect("an id").to_owned()
}

fn jobs_are_encrypted_with_the_keys_of_the_environment(stores: &Stores) {
    let both = format!("{NEW},{OLD}");
    let old = enqueue(stores, OLD);
    let new = enqueue(stores, &both);
    for id in [&old, &new] {
        let shown = stores.ok(&["job", "show", id], &stores.from.url());
        assert!(shown.contains("encrypted with the key"), "{shown}");
        let clear = ok(stores, &both, &["job", "show", id, "--decrypt"]);
        assert!(clear.contains(CANARY), "{clear}");
        let clear = ok(stores, &both, &["job", "show", id, "--decrypt", "--json"]);
        let clear: Value = serde_json::from_str(&clear).expect("a document");
        assert_eq!(clear["args"], json!({"card": CANARY}));
    }
    let (code, _, stderr) = with_keys(stores, NEW, &["job", "show", &old, "--decrypt"]);
    assert_ne!(code, 0);
    assert!(stderr.contains("with the key old, which this program does not have"), "{stderr}");
    let listed = ok(stores, &both, &["key", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("a document");
    let key = |name, writes| json!({"schema": "key.v1", "name": name, "writes": writes, "not_ended": 1, "jobs": 1, "exact": true});
    assert_eq!(listed, json!([key("new", true), key("old", false)]));
}

fn what_is_exported_stays_encrypted(stores: &Stores) {
    let id = enqueue(stores, NEW);
    let lines = ok(stores, NEW, &["export", "jobs"]);
    assert!(lines.contains("windlass_encrypted") && !lines.contains(CANARY), "{lines}");
    let to = stores.to.url();
    let args = ["import", "-", "--store", &to];
    let ran = stores.cli.run_with_stdin(&args, lines.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let args = ["job", "show", &id, "--decrypt", "--store", &to];
    let shown = stores.cli.run_with(&[("WINDLASS_KEYS", NEW)], &args);
    assert!(shown.stdout.contains(CANARY), "{}", shown.stderr);
}

/// Bad input: a windlass.toml that cannot be read is not taken for none: nothing is written in clear, and nothing is shown.
#[test]
fn a_link_that_leads_nowhere_is_no_configuration() {
    let cli = CliFixture::new();
    cli.ok(&["enqueue", "k"]);
    std::fs::remove_file(cli.path("windlass.toml")).expect("removed");
    std::os::unix::fs::symlink(cli.path("nowhere"), cli.path("windlass.toml")).expect("linked");
    for args in [&["enqueue", "k"][..], &["job", "list", "--json"], &["serve"]] {
        let ran = cli.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {} {}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("windlass.toml"), "{}", ran.stderr);
    }
}

/// Bad input: keys that make no sense are refused before anything is written, and are not repeated.
#[test]
fn keys_that_make_no_sense_are_refused() {
    let cli = CliFixture::new();
    let wrong = [("WINDLASS_KEYS", "secret-without-a-name")];
    for args in [&["enqueue", "k"][..], &["serve"], &["work"], &["dev"], &["key", "list"]] {
        let ran = cli.run_with(&wrong, args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("secret-without"), "{}", ran.stderr);
    }
}
