//! What few events have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::job::{Subject, check_key};
use crate::limits::{EXTENSION_BYTES, EXTENSION_CHARS, EXTENSIONS, TAGS};
use crate::redact::check_marks;

/// The value of an extension attribute of CloudEvents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extension {
    /// A boolean.
    Bool(bool),
    /// An integer of 32 bits.
    Integer(i32),
    /// A text.
    Text(String),
}

impl From<bool> for Extension {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Extension {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Extension {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Extension {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// Rare properties of an event, stored together and absent where none is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMeta {
    /// The version of its data, where that is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    /// Extension attributes by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, Extension>,
    /// What it is about; the jobs that come of it are found by these too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// Fields that are not shown, by their paths: see [`FieldPath`](crate::redact::FieldPath).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
    /// W3C trace context of the publisher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How many jobs and events there are between it and the root of its tree, and itself, where these are 2 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u16>,
    /// Who published it, for people, where no job did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// The names that CloudEvents keeps for itself, and those that Windlass fills in.
const TAKEN: [&str; 10] = [
    "id",
    "source",
    "type",
    "specversion",
    "subject",
    "time",
    "data",
    "datacontenttype",
    "dataschema",
    "traceparent",
];

impl EventMeta {
    /// The JSON that is stored, `None` where nothing is set.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        (*self != Self::default()).then(|| serde_json::to_string(self).ok()).flatten()
    }

    /// What a store gave back; a text nobody here wrote reads as nothing set.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.extensions.len() > EXTENSIONS {
            let (number, limit) = (self.extensions.len() as u64, EXTENSIONS as u64);
            return Err(Refusal::Range { what: "an event's number of extensions", number, limit });
        }
        for (name, value) in &self.extensions {
            let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            if !is_plain
                || !(1..=EXTENSION_CHARS).contains(&name.len())
                || TAKEN.contains(&name.as_str())
            {
                return Err(Refusal::Extension { name: name.clone() });
            }
            let Extension::Text(text) = value else { continue };
            if text.len() > EXTENSION_BYTES {
                let (bytes, limit) = (text.len(), EXTENSION_BYTES);
                return Err(Refusal::Key { what: "an extension's value", bytes, limit });
            }
            if let Some(at) = text.find('\0') {
                return Err(Refusal::Nul { what: "an extension's value", at });
            }
        }
        if self.version == Some(0) {
            let (what, limit) = ("an event's version", u16::MAX.into());
            return Err(Refusal::Range { what, number: 0, limit });
        }
        if let Some(origin) = &self.origin {
            check_key("an event's origin", origin)?;
        }
        if self.subjects.len() > TAGS {
            return Err(Refusal::Tags { tags: self.subjects.len(), limit: TAGS });
        }
        check_marks(&self.redact)?;
        self.subjects.iter().try_for_each(Subject::check)
    }
}
