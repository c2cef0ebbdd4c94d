//! What pages show of `event.v1` and of what explains an event.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use windlass::{State, Timestamp};

use crate::job::Subject;

/// An event.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) position: Option<u64>,
    pub(super) r#type: String,
    pub(super) version: u16,
    pub(super) source: String,
    pub(super) given_id: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) subjects: Vec<Subject>,
    pub(super) time: Timestamp,
    pub(super) recorded_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) redacted: bool,
    pub(super) data: Option<Box<RawValue>>,
    pub(super) extensions: BTreeMap<String, Value>,
    pub(super) origin: Option<String>,
    pub(super) traceparent: Option<String>,
}

/// A page of events.
#[derive(Debug, Deserialize)]
pub(super) struct Events {
    pub(super) items: Vec<Event>,
    pub(super) next: Option<String>,
    pub(super) prev: Option<String>,
    pub(super) complete: bool,
}

/// An event inside other documents.
#[derive(Debug, Deserialize)]
pub(crate) struct Summary {
    pub(crate) id: String,
    pub(crate) position: Option<u64>,
    pub(crate) r#type: String,
    pub(crate) source: String,
    pub(crate) subject: Option<String>,
    pub(crate) time: Timestamp,
}

/// Who gets an event: `event_explanation.v1`.
#[derive(Debug, Deserialize)]
pub(super) struct Explanation {
    pub(super) subscriptions: Vec<Decision>,
}

/// What one subscription makes of it.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    pub(super) name: String,
    pub(super) wants: bool,
    pub(super) answer: String,
    pub(super) clause: String,
    pub(super) why: String,
    pub(super) job: Option<String>,
    pub(super) state: Option<State>,
    pub(super) made: Option<String>,
    pub(super) others: Option<u64>,
    pub(super) replaced_by: Option<u64>,
}

impl Event {
    /// When it happened, as the list has it: by the log's clock, where it has a place there.
    pub(super) fn moment(&self) -> Timestamp {
        self.recorded_at.unwrap_or(self.time)
    }
}
