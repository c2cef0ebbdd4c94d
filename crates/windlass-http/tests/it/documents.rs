//! The API document, and the pages that answers refer to.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The committed document is the one that the handlers make: a change of the API shows in review.
#[test]
fn the_committed_document_is_that_of_the_handlers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = windlass_http::openapi();
    if std::env::var_os("WINDLASS_WRITE_OPENAPI").is_some() {
        fs::write(&path, &made).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "crates/windlass-http/openapi.json differs from the handlers: write it with WINDLASS_WRITE_OPENAPI=1, and look at what changes"
    );
}

/// Every reference leads somewhere, and every operation has an id of its own and says what it refuses.
#[test]
fn the_document_is_whole() {
    let document: Value = serde_json::from_str(&windlass_http::openapi()).expect("JSON");
    let mut references = Vec::new();
    find_references(&document, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let id = operation["operationId"].as_str().expect("an id");
            assert!(!ids.contains(&id), "{method} {path} has the id {id} of another operation");
            ids.push(id);
        }
    }
}

fn find_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| find_references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| find_references(value, found)),
        _ => {}
    }
}
