//! Whole events from stdin, one on each line.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use windlass::event::{Extension, NewEvent, Published};
use windlass::limits::ARGS_BYTES;
use windlass::{Client, Json, Subject};

use super::super::known::did_you_mean;
use super::super::lines;
use crate::exit::{Exit, Failure};
use crate::output::time;

/// Events of one transaction.
const EVENTS: usize = 1_000;

/// Bytes of lines that are held at most, beside the one that is read.
const BYTES: usize = 16 << 20;

/// Bytes of one line: the data, and as much for everything else.
const LINE_BYTES: usize = 2 * ARGS_BYTES;

const KEYS: [&str; 9] =
    ["type", "data", "id", "source", "subject", "time", "extensions", "subjects", "version"];

/// The attributes of a CloudEvent beside its extensions.
const CLOUD_KEYS: [&str; 8] =
    ["specversion", "type", "data", "id", "source", "subject", "time", "datacontenttype"];

/// What came of the lines.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sent {
    pub(super) new: u64,
    pub(super) existing: u64,
    /// By a store that keeps nothing.
    #[serde(skip_serializing_if = "is_none")]
    pub(super) discarded: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_none(number: &u64) -> bool {
    *number == 0
}

impl Sent {
    async fn send(&mut self, client: &Client, events: &mut Vec<NewEvent>) -> anyhow::Result<()> {
        for published in client.publish_all(events.drain(..)).await? {
            match published {
                _ if client.discarded().is_some() => self.discarded += 1,
                Published::New(_) => self.new += 1,
                Published::Existing(_) => self.existing += 1,
            }
        }
        Ok(())
    }
}

/// Publishes the events of all lines, each so many in one transaction.
///
/// # Errors
/// Where a line is not an event: it names the line, and how many were published before.
pub(super) async fn publish(client: &Client, reader: impl Read) -> anyhow::Result<Sent> {
    let mut lines = Lines::of(reader);
    let (mut sent, mut events, mut bytes) = (Sent::default(), Vec::new(), 0);
    while let Some((event, length)) = lines.next(&sent)? {
        events.push(event);
        bytes += length;
        if events.len() == EVENTS || bytes > BYTES {
            sent.send(client, &mut events).await?;
            bytes = 0;
        }
    }
    sent.send(client, &mut events).await?;
    Ok(sent)
}

/// The events of lines.
pub(super) struct Lines<R>(lines::Lines<R>);

impl<R: Read> Lines<R> {
    pub(super) fn of(reader: R) -> Self {
        Self(lines::Lines::of(reader, LINE_BYTES))
    }

    /// The next event, and how long its line is; none at the end.
    ///
    /// # Errors
    /// Where a line is not an event: it names the line, and how many were sent before.
    pub(super) fn next(&mut self, sent: &Sent) -> anyhow::Result<Option<(NewEvent, usize)>> {
        let Some(line) = self.0.next().context("stdin cannot be read")? else { return Ok(None) };
        let read = line.text.and_then(|text| Ok((event(&text)?, text.len())));
        Ok(Some(read.map_err(|why| refused(line.nth, &why, sent))?))
    }
}

fn refused(nth: u64, why: &str, sent: &Sent) -> Failure {
    let before = match sent.new + sent.existing + sent.discarded {
        0 => "nothing was written".to_owned(),
        before => format!("of the lines before, the first {} are published", time::number(before)),
    };
    Failure::new(Exit::Usage, format!("line {nth}: {why}; {before}"))
}

/// The event of a line.
fn event(text: &str) -> Result<NewEvent, String> {
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))?;
    let event = read(&fields)?;
    event.check_from_outside().map_err(|refusal| refusal.to_string())?;
    Ok(event)
}

type Fields<'a> = BTreeMap<String, &'a RawValue>;

fn read(fields: &Fields<'_>) -> Result<NewEvent, String> {
    let is_cloud = fields.contains_key("specversion");
    let event_type: String = field(fields, "type")?.ok_or("the type is missing")?;
    let mut event = NewEvent::bare(event_type);
    if let Some(data) = fields.get("data") {
        event.data = Some(Json::args(data.get()).map_err(|error| format!("data: {error}"))?);
    }
    event.given = field(fields, "id")?;
    if let Some(source) = field(fields, "source")? {
        event.source = source;
    }
    event.subject = field(fields, "subject")?;
    let moment: Option<String> = field(fields, "time")?;
    let moment = moment.map(|text| text.parse().map_err(|error| format!("time: {error}")));
    event.time = moment.transpose()?;
    if is_cloud {
        read_cloud(fields, &mut event)?;
        return Ok(event);
    }
    if let Some(unknown) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let hint = did_you_mean(unknown, &KEYS);
        return Err(format!("an event has no {unknown:?}{hint}"));
    }
    event.meta.extensions = field(fields, "extensions")?.unwrap_or_default();
    event.meta.subjects = subjects(field(fields, "subjects")?.unwrap_or_default());
    event.meta.version = field::<std::num::NonZeroU16>(fields, "version")?
        .map(std::num::NonZeroU16::get)
        .filter(|version| *version != 1);
    Ok(event)
}

/// What a CloudEvent has beside: attributes of any name are its extensions.
fn read_cloud(fields: &Fields<'_>, event: &mut NewEvent) -> Result<(), String> {
    let version: String = field(fields, "specversion")?.unwrap_or_default();
    if !version.starts_with("1.") {
        return Err(format!("specversion {version:?} is not known here: 1.0 is"));
    }
    let form: Option<String> = field(fields, "datacontenttype")?;
    if let Some(form) = form.filter(|form| !form.split(';').next().is_some_and(is_json)) {
        return Err(format!("datacontenttype {form:?}: only JSON can be kept"));
    }
    for name in fields.keys().filter(|key| !CLOUD_KEYS.contains(&key.as_str())) {
        if let Some(value) = field::<Extension>(fields, name)? {
            event.meta.extensions.insert(name.clone(), value);
        }
    }
    event.meta.traceparent = match event.meta.extensions.remove("traceparent") {
        Some(Extension::Text(text)) => Some(text),
        _ => None,
    };
    Ok(())
}

fn is_json(form: &str) -> bool {
    let form = form.trim();
    form.ends_with("/json") || form.ends_with("+json")
}

fn field<T: DeserializeOwned>(fields: &Fields<'_>, name: &str) -> Result<Option<T>, String> {
    let Some(value) = fields.get(name) else { return Ok(None) };
    serde_json::from_str(value.get()).map_err(|error| format!("{name}: {error}"))
}

/// An id of a subject.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
    Many(Vec<Id>),
}

fn subjects(by_type: BTreeMap<String, Id>) -> Vec<Subject> {
    let ids = |id: Id| match id {
        Id::Many(ids) => ids,
        one => vec![one],
    };
    let subject = |kind: &str, id: Id| match id {
        Id::Number(id) => Subject::new(kind, id),
        Id::Text(id) => Subject::new(kind, id),
        // No id is a list: an empty one is refused.
        Id::Many(_) => Subject::new(kind, ""),
    };
    let of = |(kind, id): (String, Id)| {
        ids(id).into_iter().map(move |id| subject(&kind, id)).collect::<Vec<_>>()
    };
    by_type.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_whole_event() {
        let line = r#"{"type":"order.paid","data":{"n":900719925474099312345},"id":"1","source":"/shop",
            "subject":"order/1","time":"2026-11-21T02:00:00Z","extensions":{"a":true},
            "subjects":{"customer":42,"order":["a","b"]},"version":2}"#;
        let found = event(line).expect("an event");
        assert_eq!(found.data.expect("some").as_str(), r#"{"n":900719925474099312345}"#);
        assert_eq!((found.given.as_deref(), &*found.source), (Some("1"), "/shop"));
        let subjects: Vec<_> = found.meta.subjects.iter().map(Subject::as_str).collect();
        assert_eq!(subjects, ["customer=42", "order=a", "order=b"]);
        assert_eq!(found.meta.version, Some(2));
    }

    #[test]
    fn a_cloud_event_brings_its_extensions() {
        let line = r#"{"specversion":"1.0","type":"a","id":"1","source":"/","partitionkey":"eu",
            "datacontenttype":"application/json; charset=utf-8","data":null,"traceparent":"00-1-2-3"}"#;
        let found = event(line).expect("an event");
        assert_eq!(found.meta.extensions["partitionkey"], Extension::from("eu"));
        assert_eq!(found.meta.traceparent.as_deref(), Some("00-1-2-3"));
        assert_eq!(found.data.expect("null is JSON").as_str(), "null");
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let large = format!(r#"{{"type":"a","data":"{}"}}"#, "x".repeat(ARGS_BYTES));
        for (line, why) in [
            ("[1]", "not a JSON object"),
            ("{}", "the type is missing"),
            (r#"{"type":""}"#, "needs a name"),
            (r#"{"type":"a","sourec":"/"}"#, "source"),
            (r#"{"type":"a","version":0}"#, "version"),
            (r#"{"type":"a","time":"soon"}"#, "time"),
            (r#"{"type":"a","subjects":{"order":[[1]]}}"#, "order"),
            (r#"{"type":"a","data":"\u0000"}"#, "NUL"),
            (r#"{"type":"a","data":"\ud800"}"#, "surrogate"),
            (r#"{"type":"a","specversion":"0.3"}"#, "specversion"),
            (r#"{"type":"a","specversion":"1.0","datacontenttype":"text/plain"}"#, "only JSON"),
            (&large, "above the limit"),
        ] {
            let refused = event(line).expect_err(line);
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_line() {
        let endless = "x".repeat(LINE_BYTES + 1);
        for (bytes, why) in [
            (&b" \n\"\xFF"[..], "line 2: invalid UTF-8 at byte 1"),
            (endless.as_bytes(), "the limit of a line"),
        ] {
            let refused = Lines::of(bytes).next(&Sent::default()).expect_err("refused");
            assert!(refused.to_string().contains(why), "{refused}");
        }
    }
}
