//! Which fields of which documents go into a bundle.

use serde::Serialize;
use serde_json::{Value, json};
use windlass_http::health::Check;

pub(super) const STATUS: [&str; 24] = [
    "at",
    "exact",
    "jobs",
    "pruned",
    "oldest_due_at",
    "workers",
    "queues",
    "unserved",
    "paused_kinds",
    "lines",
    "sources",
    // Of what is inside of these.
    "name",
    "kind",
    "version",
    "queue",
    "paused_at",
    "paused_until",
    "max_jobs",
    "when_full",
    "age_every_ms",
    "queue_served",
    "all",
    "stopped",
    "failing",
];
pub(super) const WORKER: [&str; 11] = [
    "id",
    "build",
    "started_at",
    "seen_at",
    "claimed_at",
    "expires_at",
    "queues",
    "handlers",
    "slots",
    "running",
    "quiet",
];
pub(super) const LIMIT: [&str; 12] = [
    "on",
    "running",
    "rate",
    "tokens",
    "per_ms",
    "burst",
    "breaker",
    "within_ms",
    "set_at",
    "running_now",
    "full_keys",
    "open_since",
];
pub(super) const SCHEDULE: [&str; 18] = [
    "name",
    "rule",
    "zone",
    "missed",
    "overlap",
    "kind",
    "version",
    "queue",
    "priority",
    "max_attempts",
    "differs_from_declaration",
    "contested_at",
    "paused_at",
    "next_at",
    "last_due_at",
    "fired",
    "skipped",
    "missed_due_times",
];
pub(super) const SUBSCRIPTION: [&str; 14] = [
    "name",
    "kind",
    "queue",
    "version",
    "max_attempts",
    "credit",
    "pace",
    "state",
    "after",
    "until",
    "position",
    "behind",
    "paused_at",
    "created_at",
];
/// Maps whose names are states, and their values numbers.
const WHOLE: [&str; 2] = ["jobs", "workers"];
/// Checks whose words are of the store alone. Those of others repeat errors, notes and keys.
const WORDS: [&str; 6] = ["clock", "database", "durability", "leader", "schema", "snapshots"];

/// The fields of a document that have one of these names, wherever they are in it.
pub(super) fn only(document: &impl Serialize, names: &[&str]) -> anyhow::Result<Value> {
    Ok(kept(serde_json::to_value(document)?, names))
}

fn kept(value: Value, names: &[&str]) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, _)| names.contains(&name.as_str()));
            let inner = |(name, value): (String, Value)| {
                let is_numbers = WHOLE.contains(&name.as_str()) && is_numbers(&value);
                let value = if is_numbers { value } else { kept(value, names) };
                (name, value)
            };
            Value::Object(fields.map(inner).collect())
        }
        Value::Array(values) => values.into_iter().map(|value| kept(value, names)).collect(),
        other => other,
    }
}

fn is_numbers(value: &Value) -> bool {
    let all = |fields: &serde_json::Map<String, Value>| fields.values().all(Value::is_number);
    value.as_object().is_some_and(all)
}

pub(super) fn check(check: &Check) -> Value {
    let words = WORDS.contains(&check.check).then_some(&check.detail);
    json!({ "check": check.check, "status": check.status, "detail": words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_left_out() {
        let document = json!({ "name": "a", "note": "secret", "jobs": { "dead": 1 },
            "queues": [{ "name": "q", "note": "secret", "jobs": { "x": "secret" } }] });
        assert_eq!(
            kept(document, &STATUS),
            json!({ "name": "a", "jobs": { "dead": 1 }, "queues": [{ "name": "q", "jobs": {} }] })
        );
    }
}
