//! Alerts as they are written and stored.

use serde::Serialize;
use serde_json::Value;

use super::{AlertType, MuteRecord, own_id};
use crate::event::NewEvent;
use crate::id::{EventId, JobId};
use crate::json::Json;
use crate::limits::LINE_KEY_BYTES;
use crate::time::Timestamp;

/// The source of Windlass's own events.
pub const OWN_SOURCE: &str = "/windlass";
/// The extension attribute that has the key.
const EXTENSION: &str = "alert";

/// Something that lasts, as it is written when it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// Its key: the type's name, and what it is about.
    pub key: String,
    /// What it is.
    pub alert: AlertType,
    /// What it is about, as the subject of its events: `kind/mail.send`, `queue/mail`.
    pub subject: String,
    /// Since when it is so, as far as that is known.
    pub since: Timestamp,
    /// What there is to know of it, as the data of its events.
    pub data: Json,
    /// Jobs which it does not end before.
    pub jobs: Vec<JobId>,
}

/// A change of what lasts.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertChange {
    /// It is there. Where it is not stored it is from now on; where it has not been told, it is told by the event.
    Open {
        /// What.
        alert: NewAlert,
        /// What tells of it; none while it is muted.
        event: Option<NewEvent>,
    },
    /// It is there still, because of other jobs.
    Watch {
        /// Its key.
        key: String,
        /// The jobs.
        jobs: Vec<JobId>,
    },
    /// It is over.
    Close {
        /// Its key.
        key: String,
        /// What tells of that; none where it was not told.
        event: Option<NewEvent>,
    },
}

/// Something that lasts, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertRecord {
    /// Its key.
    pub key: String,
    /// What it is.
    #[serde(rename = "type", serialize_with = "as_type")]
    pub alert: AlertType,
    /// What it is about.
    pub subject: String,
    /// Since when it is so, as far as that is known.
    pub since: Timestamp,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it was told; none where it is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// The event that told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// What there is to know of it, as it was when it was found.
    pub data: Json,
    /// Jobs which it does not end before.
    pub jobs: Vec<JobId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn as_type<S: serde::Serializer>(alert: &AlertType, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&alert.event_type())
}

impl AlertRecord {
    /// The kind of jobs that it is about.
    #[must_use]
    pub fn kind(&self) -> Option<String> {
        let data: Value = serde_json::from_str(self.data.as_str()).ok()?;
        data.get("kind")?.as_str().map(str::to_owned)
    }
}

/// What lasts, and what is muted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alerts {
    /// How often it was written: a change must name it.
    #[serde(skip)]
    pub round: u64,
    /// What lasts, by its key.
    pub open: Vec<AlertRecord>,
    /// What is muted, by its name.
    pub muted: Vec<MuteRecord>,
}

impl Alerts {
    /// By which mute something is not told.
    #[must_use]
    pub fn mute_of(&self, key: &str, kind: Option<&str>, now: Timestamp) -> Option<&MuteRecord> {
        self.muted.iter().find(|mute| !mute.is_over(now) && mute.name.covers(key, kind))
    }
}

/// Something that has happened, as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What it is.
    pub alert: AlertType,
    /// What the key says behind the type: the kind, the schedule.
    pub about: String,
    /// What it is about, as the event's subject.
    pub subject: String,
    /// The kind of jobs that it is about.
    pub kind: Option<String>,
    /// What there is to know of it.
    pub data: Value,
}

impl Fact {
    /// Its key, by which it is muted.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.alert, &self.about)
    }

    /// The event that tells of it.
    #[must_use]
    pub fn event(&self) -> NewEvent {
        event(&self.alert.event_type(), &self.key(), &self.subject, self.data.clone())
    }
}

pub(super) fn key(alert: AlertType, about: &str) -> String {
    format!("{}/{about}", alert.name())
}

/// An event of Windlass's own: with its key in the data, and as an extension attribute.
pub(super) fn event(event_type: &str, key: &str, subject: &str, mut data: Value) -> NewEvent {
    if let Value::Object(members) = &mut data {
        members.insert(EXTENSION.to_owned(), key.into());
    }
    let mut event = NewEvent::new(event_type, Json::stored(data.to_string()))
        .source(OWN_SOURCE)
        .subject(cut(subject, LINE_KEY_BYTES))
        .extension(EXTENSION, key);
    event.id = own_id();
    event
}

/// As many of its characters as have together at most so many bytes.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    &text[..ends.take_while(|end| *end <= bytes).last().unwrap_or_default()]
}
