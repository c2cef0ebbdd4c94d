//! An event as JSON: `event.v1`, and what tells it from others in other documents.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use windlass::event::{EventRecord, Extension};
use windlass::redact::Shown;
use windlass::subscription::EventSummary;
use windlass::{EventId, JobId, Json, Timestamp};

use crate::answer::Document;
use crate::job::{SubjectBody, subject};
use crate::schema;

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody<'a> {
    #[schema(value_type = schema::EventId)]
    id: EventId,
    /// Its place in the log, from 1; null while it has none yet.
    position: Option<u64>,
    /// What has happened.
    r#type: &'a str,
    /// The version of its data.
    version: u16,
    /// Where it comes from, as a URI reference.
    source: &'a str,
    /// The id that its source gave it.
    given_id: Option<&'a str>,
    /// What it has happened to.
    subject: Option<&'a str>,
    /// What it is about, which it and its jobs are found by.
    subjects: Vec<SubjectBody<'a>>,
    /// When it happened.
    #[schema(value_type = schema::Moment)]
    time: Timestamp,
    /// When it got its position, which no publisher's clock has a say in.
    #[schema(value_type = Option<schema::Moment>)]
    recorded_at: Option<Timestamp>,
    /// Fields that its type marks, by their paths: they are not shown, here and elsewhere.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redact: &'a [String],
    /// Whether anything in its data is not shown: `"[redacted]"` stands there. Absent where all is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
    /// What there is to know of it; null also where it has none.
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<&'a Json>,
    /// Extension attributes of CloudEvents, by their names.
    #[schema(value_type = BTreeMap<String, schema::Extension>)]
    extensions: &'a BTreeMap<String, Extension>,
    /// The root of what it comes of: a job, or an event, whose id is written as that of a job.
    #[schema(value_type = Option<schema::JobId>)]
    root: Option<JobId>,
    /// What it comes of: a job that published it, or an event that was published once more, whose id is written as that of a job.
    #[schema(value_type = Option<schema::JobId>)]
    parent: Option<JobId>,
    /// Who published it, where no job did.
    origin: Option<&'a str>,
    /// W3C trace context of the publisher.
    traceparent: Option<&'a str>,
}

/// An event as `event.v1`.
#[must_use]
pub fn document(event: &Shown<EventRecord>) -> Document<EventBody<'_>> {
    Document::new(
        "event.v1",
        EventBody {
            id: event.id,
            position: event.position,
            r#type: &event.event_type,
            version: event.meta.version.unwrap_or(1),
            source: &event.source,
            given_id: event.given.as_deref(),
            subject: event.subject.as_deref(),
            subjects: event.meta.subjects.iter().map(subject).collect(),
            time: event.time,
            recorded_at: event.recorded_at,
            redact: &event.meta.redact,
            redacted: event.is_redacted(),
            data: event.data.as_ref(),
            extensions: &event.meta.extensions,
            root: event.root,
            parent: event.parent,
            origin: event.meta.origin.as_deref(),
            traceparent: event.meta.traceparent.as_deref(),
        },
    )
}

/// What tells an event from others, without its data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventSummary)]
pub struct EventSummaryBody<'a> {
    #[schema(value_type = schema::EventId)]
    id: EventId,
    /// Its place in the log; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// What has happened.
    r#type: &'a str,
    /// Where it comes from.
    source: &'a str,
    /// What it has happened to; absent where that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// When it happened.
    #[schema(value_type = schema::Moment)]
    time: Timestamp,
}

/// An event inside other documents.
#[must_use]
pub fn summary(event: &EventSummary) -> EventSummaryBody<'_> {
    EventSummaryBody {
        id: event.id,
        position: event.position,
        r#type: &event.event_type,
        source: &event.source,
        subject: event.subject.as_deref(),
        time: event.time,
    }
}

pub(super) fn summary_of(event: &EventRecord) -> EventSummaryBody<'_> {
    EventSummaryBody {
        id: event.id,
        position: event.position,
        r#type: &event.event_type,
        source: &event.source,
        subject: event.subject.as_deref(),
        time: event.time,
    }
}
