//! Events in the JSON format of CloudEvents 1.0, as programs and jobs of several events are told them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EventRecord, Extension};
use crate::json::Json;
use crate::time::Timestamp;

/// The version of CloudEvents.
const SPECVERSION: &str = "1.0";
/// A member of its own name, which no extension takes.
const POSITION: &str = "position";

/// An event as it is written: its attributes, its place in the log, and its data where they are wanted.
#[derive(Debug, Clone, Serialize)]
pub struct CloudEventBody<'a> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(flatten)]
    extensions: BTreeMap<&'a str, &'a Extension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Json>,
}

impl<'a> CloudEventBody<'a> {
    /// All of it.
    #[must_use]
    pub fn whole(event: &'a EventRecord) -> Self {
        Self { data: event.data.as_ref(), ..Self::without_data(event) }
    }

    /// Without its data.
    #[must_use]
    pub fn without_data(event: &'a EventRecord) -> Self {
        let extensions = event.meta.extensions.iter().filter(|(name, _)| *name != POSITION);
        Self {
            specversion: SPECVERSION,
            id: event.cloud_id(),
            source: &event.source,
            r#type: &event.event_type,
            subject: event.subject.as_deref(),
            time: event.time,
            traceparent: event.meta.traceparent.as_deref(),
            extensions: extensions.map(|(name, value)| (name.as_str(), value)).collect(),
            position: event.position,
            data: None,
        }
    }
}

/// One of the events of a job that comes of several, as its handler reads it: the args of such a job are a `Vec` of these.
///
/// ```
/// # use windlass_core::event::CloudEvent;
/// # #[derive(serde::Deserialize)]
/// # struct Comment { text: String }
/// let args = r#"[{"specversion": "1.0", "id": "7", "source": "/forum", "type": "comment.new",
///                 "time": "2026-11-27T08:00:00Z", "data": {"text": "Well said"}}]"#;
/// let comments: Vec<CloudEvent<Comment>> = serde_json::from_str(args)?;
/// assert_eq!(comments[0].data.text, "Well said");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent<T = Option<serde_json::Value>> {
    /// That which its source gave it, or else its own.
    pub id: String,
    /// Where it comes from.
    pub source: String,
    /// What has happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it has happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// Its place in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What there is to know of it.
    pub data: T,
    /// Further attributes.
    #[serde(flatten)]
    pub extensions: BTreeMap<String, Extension>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NewEvent;

    fn recorded(event: NewEvent) -> EventRecord {
        let mut event = EventRecord::of(event, Timestamp::from_micros(0));
        event.position = Some(7);
        event
    }

    fn text(event: NewEvent) -> String {
        serde_json::to_string(&CloudEventBody::without_data(&recorded(event))).expect("JSON")
    }

    #[test]
    fn an_event_is_told_as_a_cloud_event() {
        let event = NewEvent::bare("order.paid").source("/shop").given("42-paid");
        let event = event.subject("order/42").extension("tenant", "acme").extension("urgent", true);
        assert_eq!(
            text(event),
            r#"{"specversion":"1.0","id":"42-paid","source":"/shop","type":"order.paid","subject":"order/42","time":"1970-01-01T00:00:00.000Z","tenant":"acme","urgent":true,"position":7}"#
        );
    }

    #[test]
    fn no_extension_takes_the_position() {
        let text = text(NewEvent::bare("a").extension(POSITION, "first"));
        assert!(text.ends_with(r#","position":7}"#) && !text.contains("first"), "{text}");
    }

    #[test]
    fn what_is_written_is_read() {
        let event = NewEvent::new("order.paid", Json::stored(r#"{"total":7}"#)).given("42");
        let event = recorded(event.extension("tenant", "acme"));
        let text = serde_json::to_string(&CloudEventBody::whole(&event)).expect("JSON");
        let read: CloudEvent<BTreeMap<String, u32>> = serde_json::from_str(&text).expect(&text);
        assert_eq!((read.id.as_str(), read.data["total"], read.position), ("42", 7, Some(7)));
        assert_eq!(read.extensions["tenant"], Extension::Text("acme".to_owned()));
        let none: CloudEvent =
            serde_json::from_str(&text.replace(r#","data":{"total":7}"#, "")).expect("no data");
        assert_eq!(none.data, None);
    }
}
