//! Whether a document has words for all that an answer has: a schema alone lets members pass that it does not name.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The first member of `value` that the schema does not name, as a JSON pointer.
pub(crate) fn undescribed(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let parts = parts(document, schema, value);
    match value {
        Value::Object(members) => of_object(document, &parts, members),
        Value::Array(items) => {
            let item = parts.iter().find_map(|part| part.get("items"))?;
            items.iter().enumerate().find_map(|(nth, one)| {
                undescribed(document, item, one).map(|below| format!("/{nth}{below}"))
            })
        }
        _ => None,
    }
}

fn of_object(document: &Value, parts: &[&Value], members: &Map<String, Value>) -> Option<String> {
    let is_named = |part: &&Value| part.get("properties").is_some();
    let others = parts.iter().find_map(|part| part.get("additionalProperties"));
    // What may be anything, such as a job's args, has no names of its members.
    if others.is_none() && !parts.iter().any(is_named) {
        return None;
    }
    members.iter().find_map(|(name, member)| {
        let named = parts.iter().find_map(|part| part.get("properties")?.get(name));
        match named.or(others) {
            Some(schema) => {
                undescribed(document, schema, member).map(|below| format!("/{name}{below}"))
            }
            None => Some(format!("/{name}")),
        }
    })
}

/// The schemas that concern a value: behind references, all that hold together, and those of several that it fits.
fn parts<'a>(document: &'a Value, schema: &'a Value, value: &Value) -> Vec<&'a Value> {
    let mut found = vec![schema];
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a schema");
        found.extend(parts(document, target, value));
    }
    for one in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        found.extend(parts(document, one, value));
    }
    for one in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        if fits(document, one, value) {
            found.extend(parts(document, one, value));
        }
    }
    found
}

fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    validator(document, schema).is_valid(value)
}

/// What holds values against a schema of a document. It costs much to make, and is made once.
pub(crate) fn validator(document: &Value, schema: &Value) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let made = || {
        let mut whole = schema.clone();
        whole["components"] = document["components"].clone();
        Arc::new(jsonschema::draft202012::new(&whole).expect("a schema"))
    };
    // A test has documents of its own, whose schemas have other texts.
    let mut all = MADE.lock().expect("no test panics here");
    Arc::clone(all.entry(schema.to_string()).or_insert_with(made))
}

#[test]
fn a_member_without_a_name_is_found() {
    let document = json!({"components": {"schemas": {
        "Named": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Either": {"oneOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "null"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/Named"}}},
        ]},
    }}});
    let schema = json!({"allOf": [
        {"$ref": "#/components/schemas/Either"},
        {"type": "object", "properties": {
            "any": {}, "list": {"type": "array", "items": {"$ref": "#/components/schemas/Named"}},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        }},
    ]});
    for (value, expected) in [
        (
            json!({"b": {"name": "n"}, "any": {"x": 1}, "list": [{"name": "n"}], "map": {"k": 1}}),
            None,
        ),
        (json!({"a": null, "c": 1}), Some("/c")),
        (json!({"b": {"nam": "n"}}), Some("/b/nam")),
        (json!({"a": null, "list": [{}, {"x": 1}]}), Some("/list/1/x")),
    ] {
        assert_eq!(undescribed(&document, &schema, &value).as_deref(), expected, "{value}");
    }
}
