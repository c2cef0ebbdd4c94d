//! Keys of events: what jobs of a lane, and those who wait, have in common with an event.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::event::{EventView, Seen};
use super::key::Key;
use crate::filter::Path;
use crate::limits::KEY_VALUE_BYTES;

/// Where in an event a key is: an attribute such as `subject`, or a member of the data such as `data.order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventKey(Key);

/// Why a text names nothing in an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key {text:?} cannot be read: {what}")]
pub struct EventKeyError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub what: String,
}

impl EventKey {
    /// Where in the data it is; none for an attribute.
    #[must_use]
    pub fn data_path(&self) -> Option<Path> {
        self.0.data_path()
    }

    /// The key of an event, for a subscription of this name; none where the event has no text, number or truth there.
    pub(super) fn of(&self, subscription: &str, event: &EventView<'_>) -> Option<String> {
        let value = match event.look(&self.0) {
            Seen::Text(text) => {
                let mut end = text.len().min(KEY_VALUE_BYTES);
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                text[..end].to_owned()
            }
            Seen::Number(number) => number.to_string(),
            Seen::Boolean(truth) => truth.to_string(),
            Seen::Missing | Seen::Null | Seen::Array | Seen::Object | Seen::Unreadable(_) => {
                return None;
            }
        };
        // What the key of a lane or a signal cannot have, a value of the data can.
        let value = value.replace(|c: char| c.is_control(), "?");
        Some(format!("{subscription}:{value}"))
    }
}

impl FromStr for EventKey {
    type Err = EventKeyError;

    fn from_str(text: &str) -> Result<Self, EventKeyError> {
        let wrong = |what| EventKeyError { text: text.to_owned(), what };
        Key::parse(text).map(Self).map_err(wrong)
    }
}

impl TryFrom<String> for EventKey {
    type Error = EventKeyError;

    fn try_from(text: String) -> Result<Self, EventKeyError> {
        text.parse()
    }
}

impl From<EventKey> for String {
    fn from(key: EventKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.json_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(key: &str, data: &str) -> Option<String> {
        let event = EventView::new("1", "/", "order.paid").subject("order/7").data(data);
        key.parse::<EventKey>().expect("a key").of("mail", &event)
    }

    #[test]
    fn a_key_is_made_of_what_the_event_has_there() {
        assert_eq!(lane("subject", "{}").as_deref(), Some("mail:order/7"));
        assert_eq!(lane("data.order", r#"{"order": 7}"#).as_deref(), Some("mail:7"));
        assert_eq!(lane("data.a.b", r#"{"a": {"b": true}}"#).as_deref(), Some("mail:true"));
        assert_eq!(lane("data.text", r#"{"text": "a\u001fb"}"#).as_deref(), Some("mail:a?b"));
        for missing in ["tenant", "data", "data.list", "data.none"] {
            assert_eq!(lane(missing, r#"{"list": [], "none": null}"#), None, "{missing}");
        }
        let long = "ä".repeat(KEY_VALUE_BYTES);
        let lane = lane("data.text", &format!(r#"{{"text": "{long}"}}"#)).expect("a lane");
        assert_eq!(lane.len(), "mail:".len() + KEY_VALUE_BYTES);
    }

    #[test]
    fn a_wrong_key_is_refused() {
        let error = "Subject".parse::<EventKey>().expect_err("refused").to_string();
        assert!(error.starts_with("the key \"Subject\" cannot be read: "), "{error}");
    }
}
