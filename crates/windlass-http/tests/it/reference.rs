//! `docs/api.md`: the reference of the API, written from its OpenAPI document.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

const HEAD: &str = "# HTTP API: reference

Written from the API document of the handlers, `/v1/openapi.json`; a test fails when the two differ. How to use it: [the HTTP
API](http.md). The worker protocol in order: [worker protocol](worker-protocol.md).

Bodies and answers are JSON. `?` stands behind a member or a parameter that may be left out, or that may be null.
Whatever is refused is a [problem](http.md#problems).
";

/// The reference is that of the document. `WINDLASS_WRITE_OPENAPI=1` writes it again.
#[test]
fn the_reference_is_that_of_the_document() {
    let document: Value = serde_json::from_str(&windlass_http::openapi()).expect("JSON");
    let expected = reference(&document);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    if std::env::var_os("WINDLASS_WRITE_OPENAPI").is_some() {
        fs::write(&file, &expected).expect("written");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "docs/api.md is not what the handlers say; write it with WINDLASS_WRITE_OPENAPI=1"
    );
}

fn reference(document: &Value) -> String {
    let mut text = HEAD.to_owned();
    for tag in document["tags"].as_array().expect("tags") {
        let name = tag["name"].as_str().expect("a name");
        let _ = write!(text, "\n## {}\n\n{}\n", capital(name), said(tag));
        for (path, method, operation) in operations(document) {
            if operation["tags"][0] == name {
                text.push_str(&one(path, method, operation));
            }
        }
    }
    text.push_str("\n## Documents\n");
    for (name, schema) in members(&document["components"]["schemas"]) {
        text.push_str(&shape(name, schema));
    }
    text
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"]).iter().flat_map(|(path, item)| {
        let methods = ["get", "post", "put", "patch", "delete"];
        methods
            .into_iter()
            .filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
    })
}

fn one(path: &str, method: &str, operation: &Value) -> String {
    let summary = operation["summary"].as_str().unwrap_or_default();
    let mut text = format!("\n### {summary}\n\n`{} {path}`\n", method.to_uppercase());
    if !said(operation).is_empty() {
        let _ = write!(text, "\n{}\n", said(operation));
    }
    if let Some(scope) = operation["security"][0]["token"][0].as_str() {
        let _ = write!(text, "\nScope: `{scope}`.\n");
    }
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        text.push_str("\n| parameter | in | | |\n|---|---|---|---|\n");
    }
    for parameter in parameters {
        let optional = if parameter["required"] == true { "" } else { "?" };
        let _ = writeln!(
            text,
            "| `{}`{optional} | {} | {} | {} |",
            parameter["name"].as_str().unwrap_or_default(),
            parameter["in"].as_str().unwrap_or_default(),
            form(&parameter["schema"]),
            in_a_row(said(parameter)),
        );
    }
    if let Some(body) = content(&operation["requestBody"]) {
        let _ = write!(text, "\nBody: {}.\n", form(body));
    }
    for (status, response) in
        members(&operation["responses"]).iter().filter(|(status, _)| *status != "default")
    {
        let what = content(response).map_or_else(|| "no JSON".to_owned(), form);
        let _ = write!(text, "\n{status}: {what}. {}\n", said(response));
    }
    text
}

fn content(of: &Value) -> Option<&Value> {
    members(&of["content"]).values().next().map(|content| &content["schema"])
}

fn shape(name: &str, schema: &Value) -> String {
    let mut text = format!("\n### {name}\n\n");
    if !said(schema).is_empty() {
        let _ = writeln!(text, "{}\n", said(schema));
    }
    let mut rows = String::new();
    for part in parts(schema) {
        let required = part["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (member, of) in members(&part["properties"]) {
            let optional = if required.iter().any(|one| one == member) { "" } else { "?" };
            let _ =
                writeln!(rows, "| `{member}`{optional} | {} | {} |", form(of), in_a_row(said(of)));
        }
    }
    if rows.is_empty() {
        let _ = writeln!(text, "{}", form(schema));
    } else {
        let _ = write!(text, "| member | | |\n|---|---|---|\n{rows}");
    }
    text
}

/// A schema, or those that it is all of.
fn parts(schema: &Value) -> Vec<&Value> {
    match schema["allOf"].as_array() {
        Some(all) => all.iter().flat_map(parts).collect(),
        None => vec![schema],
    }
}

/// What a value looks like, in a few words.
fn form(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(either) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return either.iter().map(form).collect::<Vec<_>>().join(" or ");
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().map(form).collect::<Vec<_>>().join(" with ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let types = match &schema["type"] {
        Value::Array(types) => {
            types.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect()
        }
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    match types.as_slice() {
        [] => "any JSON".to_owned(),
        ["array"] => format!("list of {}", form(&schema["items"])),
        ["object"] if schema["additionalProperties"].is_object() => {
            format!("map of {}", form(&schema["additionalProperties"]))
        }
        ["object"] if schema["properties"].is_object() => {
            let names: Vec<String> =
                members(&schema["properties"]).keys().map(|name| format!("`{name}`")).collect();
            format!("object of {}", names.join(", "))
        }
        ["string"] => match schema["format"].as_str() {
            Some("date-time") => "moment".to_owned(),
            _ => "text".to_owned(),
        },
        types => types.join(" or "),
    }
}

fn members(of: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    of.as_object().unwrap_or(&NONE)
}

fn said(of: &Value) -> &str {
    of["description"].as_str().unwrap_or_default()
}

fn in_a_row(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
