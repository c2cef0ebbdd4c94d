//! `windlass.toml` as it may be seen by others: its numbers, and those of its texts that cannot be secret.

use std::path::Path;

use serde_json::{Map, Value};

/// What stands in the place of what is left out.
const LEFT_OUT: &str = "…";
/// Texts that are names, times and words of ours.
const SHOWN: [&str; 39] = [
    "age_every",
    "backoff",
    "build",
    "cap",
    "cron",
    "delay",
    "died_within",
    "digest",
    "every",
    "exclude",
    "from",
    "gap",
    "grace",
    "hold",
    "include",
    "keep",
    "keep_at_most",
    "kind",
    "latency",
    "missed",
    "mode",
    "mute",
    "on",
    "open_for",
    "overlap",
    "per",
    "queue",
    "reader",
    "running_longer_than",
    "timeout",
    "type",
    "types",
    "unserved_longer_than",
    "wait",
    "when_full",
    "within",
    "zone",
    "pace",
    "latest",
];
/// Addresses: what of them is shown is the scheme and the host.
const ADDRESSES: [&str; 2] = ["http", "url"];
/// What is left out with all that is in it.
const HIDDEN: [&str; 6] = ["args", "data", "env", "filter", "headers", "sql"];

/// A file without its secrets; where it cannot be read, that it cannot.
pub(super) fn without_secrets(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).ok();
    match text.and_then(|text| text.parse::<toml::Table>().ok()) {
        Some(table) => shown_table(table),
        None => Value::String("cannot be read".to_owned()),
    }
}

fn shown_table(table: toml::Table) -> Value {
    let field = |(name, value): (String, toml::Value)| {
        let value = shown(&name, value);
        (name, value)
    };
    Value::Object(table.into_iter().map(field).collect::<Map<_, _>>())
}

fn shown(name: &str, value: toml::Value) -> Value {
    if HIDDEN.contains(&name) {
        return Value::String(LEFT_OUT.to_owned());
    }
    match value {
        toml::Value::Table(table) => shown_table(table),
        toml::Value::Array(values) => values.into_iter().map(|value| shown(name, value)).collect(),
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::String(text) if ADDRESSES.contains(&name) => Value::String(host(&text)),
        toml::Value::String(text) if SHOWN.contains(&name) && !text.contains("://") => {
            Value::String(text)
        }
        toml::Value::String(_) => Value::String(LEFT_OUT.to_owned()),
    }
}

/// The scheme and the host of an address: users, passwords, paths and questions may be secret.
fn host(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return LEFT_OUT.to_owned() };
    // What stands before the last of these signs may be a password with a slash in it.
    let behind = rest.rsplit('@').next().unwrap_or_default();
    let host = behind.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}/{LEFT_OUT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_host_is_shown() {
        assert_eq!(
            host("https://me:pw@db.internal:8080/hook/T0?key=1#a"),
            "https://db.internal:8080/…"
        );
        assert_eq!(host("https://me:p/w@db"), "https://db/…");
        assert_eq!(host("secret"), LEFT_OUT);
    }
}
