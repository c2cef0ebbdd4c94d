//! The list of behaviours is complete.

use std::fs;
use std::path::Path;

/// Without this, a behaviour that nobody put on the list would never run.
#[test]
fn every_behaviour_is_on_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let list = fs::read_to_string(source.join("conformance.rs")).expect("the list is there");
    let listed: Vec<&str> = list.lines().map(str::trim).collect();
    let mut found = 0;
    for file in fs::read_dir(source.join("conformance")).expect("the behaviours are there") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("it can be read");
        for line in text.lines() {
            let Some(name) = behaviour(line) else { continue };
            assert!(listed.contains(&name), "{name} is on no list");
            found += 1;
        }
    }
    assert!(found > 100, "only {found} behaviours were found");
}

/// The name of the behaviour that this line begins.
fn behaviour(line: &str) -> Option<&str> {
    line.strip_prefix("pub async fn ")?.strip_suffix("(bench: Bench) {")
}
