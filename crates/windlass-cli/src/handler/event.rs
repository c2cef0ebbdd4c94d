//! The event that a job comes of, as programs and targets are told it: a CloudEvent without its data, which are the args.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass::event::{EventRecord, Extension};
use windlass::{AttemptContext, JobError, Timestamp};

/// Bytes that a variable may have on Linux, with its name.
const VARIABLE_BYTES: usize = 128 << 10;

/// The variable that has it.
pub(super) const VARIABLE: &str = "WINDLASS_EVENT";

/// A member of its own name, which no extension takes.
const POSITION: &str = "position";

/// The attributes of CloudEvents, and the place in the log.
#[derive(Debug, Serialize)]
pub(super) struct EventBody<'a> {
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
}

/// The event of an attempt's job; none where it comes of none.
pub(super) fn of(attempt: &AttemptContext) -> Option<EventBody<'_>> {
    attempt.event().map(body)
}

/// The same as the text of a variable.
///
/// # Errors
/// Where no program can be given so much.
pub(super) fn variable(attempt: &AttemptContext) -> Result<Option<String>, JobError> {
    let Some(event) = of(attempt) else { return Ok(None) };
    let text = serde_json::to_string(&event)?;
    // Its name, the sign between them and the end.
    if text.len() + VARIABLE.len() + 2 > VARIABLE_BYTES {
        let what = "the attributes of its event are too large for a variable of a program";
        return Err(JobError::dead(what));
    }
    Ok(Some(text))
}

fn body(event: &EventRecord) -> EventBody<'_> {
    let extensions = event.meta.extensions.iter().filter(|(name, _)| *name != POSITION);
    EventBody {
        specversion: "1.0",
        id: event.cloud_id(),
        source: &event.source,
        r#type: &event.event_type,
        subject: event.subject.as_deref(),
        time: event.time,
        traceparent: event.meta.traceparent.as_deref(),
        extensions: extensions.map(|(name, value)| (name.as_str(), value)).collect(),
        position: event.position,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::event::NewEvent;

    fn text(event: NewEvent) -> String {
        let mut event = EventRecord::of(event, Timestamp::from_micros(0));
        event.position = Some(7);
        serde_json::to_string(&body(&event)).expect("JSON")
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
}
