//! Events and their log as they are shown.

use serde::Serialize;

use crate::event::{EventMeta, Keep, NewEvent};
use crate::id::{EventId, JobId};
use crate::json::Json;
use crate::subscription::Reach;
use crate::time::Timestamp;

/// What came of publishing an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is published.
    New(EventId),
    /// Its source has published one with its given id before: this one.
    Existing(EventId),
}

impl Published {
    /// What came of an event where the one with this id is there now.
    #[must_use]
    pub fn of(event: &NewEvent, id: EventId) -> Self {
        if id == event.id { Self::New(id) } else { Self::Existing(id) }
    }

    /// The event that is there now.
    #[must_use]
    pub const fn id(self) -> EventId {
        let (Self::New(id) | Self::Existing(id)) = self;
        id
    }
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRecord {
    /// Its id.
    pub id: EventId,
    /// Its place in the log, from 1; none while it has none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The id that its source gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Where it comes from.
    pub source: String,
    /// What has happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it has happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// When it got its position, which no publisher's clock has a say in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    /// What there is to know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// The job or event at the root of what it comes of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<JobId>,
    /// The job that published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<JobId>,
    /// Rare properties.
    #[serde(flatten)]
    pub meta: EventMeta,
}

impl EventRecord {
    /// The CloudEvents attribute `id`: that which its source gave it, or else its own.
    #[must_use]
    pub fn cloud_id(&self) -> String {
        self.given.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// What a store makes of an event published at this moment.
    #[must_use]
    pub fn of(event: NewEvent, now: Timestamp) -> Self {
        Self {
            id: event.id,
            position: None,
            given: event.given,
            source: event.source,
            event_type: event.event_type,
            subject: event.subject,
            time: event.time.unwrap_or(now),
            recorded_at: None,
            data: event.data,
            root: event.root,
            parent: event.parent,
            meta: event.meta,
        }
    }
}

/// An event of the log without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// Its place in the log.
    pub position: u64,
    /// Its id.
    pub id: EventId,
    /// What has happened.
    pub event_type: String,
    /// The version of its data.
    pub version: u16,
    /// Where it comes from.
    pub source: String,
    /// What it has happened to.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
}

/// How far the log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LogRecord {
    /// Changes when the log is not the one that it was, as after a restored backup.
    pub epoch: u64,
    /// The last position that was given; 0 where there is none.
    pub last: u64,
    /// The last position that the subscriptions which are live were fed.
    pub routed: u64,
    /// Of the event behind that one: the number up to which those that are live were fed it; 0 where it was fed to none.
    pub part: u32,
    /// Changes with each change of a subscription.
    pub revision: u64,
    /// Events that were removed since their time was over.
    pub removed: u64,
    /// How long events are kept.
    #[serde(flatten)]
    pub keep: Keep,
    /// Whether changes of subscriptions were asked for and not answered yet.
    #[serde(skip)]
    pub has_requests: bool,
}

impl LogRecord {
    /// How far the subscriptions that are live were fed.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        Reach { position: self.routed, part: self.part }
    }
}
