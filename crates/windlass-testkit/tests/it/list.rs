//! The list of behaviours is complete, and the same for every store.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Without this, a behaviour that nobody put on the list would never run.
#[test]
fn every_behaviour_is_on_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let list =
        ["conformance/list.rs", "conformance/list_of_events.rs", "conformance/list_of_jobs.rs"]
            .map(|part| fs::read_to_string(source.join(part)).expect("the list is there"))
            .concat();
    let listed: Vec<&str> = list.lines().map(str::trim).collect();
    let mut found = 0;
    for file in files(&source.join("conformance")) {
        let text = fs::read_to_string(file).expect("it can be read");
        for line in text.lines() {
            let Some(name) = behaviour(line) else { continue };
            assert!(listed.contains(&name), "{name} is not on the list");
            found += 1;
        }
    }
    assert!(found > 100, "only {found} behaviours were found");
}

/// C34, T10: what is shown of one store is shown of the other, by the same source; every test of this
/// program whose path names a store has its twin.
#[test]
fn what_runs_on_one_store_runs_on_the_other() {
    let program = std::env::current_exe().expect("a test is a program");
    let listed = Command::new(program).args(["--list", "--format", "terse"]).output();
    let listed = String::from_utf8(listed.expect("it lists its tests").stdout).expect("names");
    let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    let (mut sqlite, mut postgres) = (BTreeSet::new(), BTreeSet::new());
    for name in names {
        let of = |store| {
            name.split("::").map(|part| if part == store { "*" } else { part }).collect::<Vec<_>>()
        };
        for (store, tests) in [("sqlite", &mut sqlite), ("postgres", &mut postgres)] {
            if of(store).contains(&"*") {
                tests.insert(of(store).join("::"));
            }
        }
    }
    let alone: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
    assert!(alone.is_empty(), "on one store only: {alone:?}");
    assert!(sqlite.iter().filter(|name| name.starts_with("*::")).count() > 100, "{sqlite:?}");
}

/// The files of a folder and of the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the behaviours are there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The name of the behaviour that this line begins.
fn behaviour(line: &str) -> Option<&str> {
    line.strip_prefix("pub async fn ")?.strip_suffix("(fixture: StoreFixture) {")
}
