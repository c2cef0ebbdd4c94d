//! What is kept of what an act was asked for and has changed.

use serde_json::{Map, Value};
use windlass::Json;
use windlass::audit::Act;
use windlass::limits::{ACT_BYTES, ACT_DOCUMENT_BYTES};

/// Members of documents that move by themselves: they say nothing of an act.
const MEASURES: [&str; 24] = [
    "jobs",
    "exact",
    "workers",
    "oldest_due_at",
    "running_now",
    "full_keys",
    "tokens_now",
    "seen_at",
    "claimed_at",
    "behind",
    "position",
    "waiting",
    "polled_at",
    "imported",
    "repeated",
    "imported_at",
    "head",
    "fired",
    "last_due_at",
    "last_job",
    "last_job_has_ended",
    "queued_due_at",
    "next_at",
    "holder",
];
/// Members that applications fill, perhaps with what only they may see.
const CONFIDENTIAL: [&str; 6] = ["args", "data", "output", "secret", "password", "new_password"];
/// What stands in their place.
const LEFT_OUT: &str = "…";

/// An act together with what it has changed.
#[derive(Debug)]
pub struct Change {
    /// What was asked for.
    pub asked: Option<Value>,
    /// The object before.
    pub before: Option<Value>,
    /// The object afterwards.
    pub after: Option<Value>,
}

impl Change {
    /// The act with what of this is kept: of the object the members that differ, and nothing that is confidential.
    #[must_use]
    pub fn of(self, act: Act) -> Act {
        let (before, after) = differing(self.before, self.after);
        Act {
            actor: cut(act.actor),
            target: cut(act.target),
            asked: self.asked.and_then(kept),
            before: before.and_then(kept),
            after: after.and_then(kept),
            ..act
        }
    }
}

/// What differs between an object before and after an act: the members of each that the other one has not. Where only one is
/// there it is all of that.
fn differing(before: Option<Value>, after: Option<Value>) -> (Option<Value>, Option<Value>) {
    let none = Map::new();
    let members = |value: &Option<Value>| value.as_ref().and_then(Value::as_object).cloned();
    let (old, new) = (members(&before), members(&after));
    let lacking = |of: &Option<Map<String, Value>>, other: &Option<Map<String, Value>>| {
        of.as_ref().map(|of| Value::Object(lacking(of, other.as_ref().unwrap_or(&none))))
    };
    (lacking(&old, &new), lacking(&new, &old))
}

fn lacking(of: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let differs = |(key, value): &(&String, &Value)| {
        !MEASURES.contains(&key.as_str()) && other.get(*key) != Some(value)
    };
    of.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A document as it is kept: without what is confidential, and without itself where it is too large.
fn kept(mut value: Value) -> Option<Json> {
    redact(&mut value);
    let text = value.to_string();
    let bytes = text.len();
    let text = if bytes <= ACT_DOCUMENT_BYTES { text } else { format!("{{\"bytes\":{bytes}}}") };
    Json::args(text).ok()
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, value)| {
            if CONFIDENTIAL.contains(&key.as_str()) && !value.is_null() {
                *value = Value::from(LEFT_OUT);
            } else {
                redact(value);
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn cut(mut text: String) -> String {
    let end = (0..=ACT_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or_default());
    text
}

pub(super) fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_an_act_changed_is_kept() {
        let before = json!({"name": "mail", "paused_at": null, "jobs": {"available": 3}});
        let after = json!({"name": "mail", "paused_at": "2026-01-01", "jobs": {"available": 4}});
        let (old, new) = differing(Some(before.clone()), Some(after));
        assert_eq!(old, Some(json!({"paused_at": null})));
        assert_eq!(new, Some(json!({"paused_at": "2026-01-01"})));
        let (old, new) = differing(Some(before), None);
        assert_eq!((old, new), (Some(json!({"name": "mail", "paused_at": null})), None));
        assert_eq!(differing(None, None), (None, None));
    }

    /// S-45 in small: what applications fill is not in the audit.
    #[test]
    fn what_is_confidential_is_left_out() {
        let asked =
            json!({"definition": {"args": {"pin": 1}, "queue": "mail"}, "list": [{"data": 1}]});
        let text = kept(asked).expect("JSON").as_str().to_owned();
        assert_eq!(text, r#"{"definition":{"args":"…","queue":"mail"},"list":[{"data":"…"}]}"#);
        let large = kept(json!("x".repeat(20_000))).expect("JSON");
        assert_eq!(large.as_str(), r#"{"bytes":20002}"#);
    }
}
