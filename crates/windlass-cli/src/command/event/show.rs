//! `windlass event show`.

use windlass::event::{EventRecord, Extension};
use windlass::{Client, EventId, JobId, Subject};

use super::{document, sequence};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::store;

pub(super) async fn show(text: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let client = Client::new(store);
    let event = out.redaction()?.event(find(&client, text).await?);
    if out.is_json() {
        out.json(&document(&event))?;
        return Ok(Exit::Done);
    }
    out.line(&out.paint(Tone::Strong, &event.id.to_string()))?;
    let family = Family::of(&client, &event).await?;
    for (name, value) in fields(out, &event, family) {
        out.line(&format!("  {}  {value}", out.paint(Tone::Dim, &format!("{name:<9}"))))?;
    }
    Ok(Exit::Done)
}

/// The event that a text names: its position, or its id.
pub(crate) async fn find(client: &Client, text: &str) -> anyhow::Result<EventRecord> {
    let found = match text.parse::<u64>() {
        Ok(position) => client
            .events(position.saturating_sub(1), 1)
            .await?
            .pop()
            .filter(|event| event.position == Some(position)),
        Err(_) => {
            let id = text.parse().map_err(|error| {
                Failure::usage(format!("{error}, or a position, which is a number"))
            })?;
            client.event(id).await?
        }
    };
    let missing = || {
        let what = format!("there is no event {}; see `windlass event list`", in_one_line(text));
        Failure::new(Exit::NotFound, what)
    };
    Ok(found.ok_or_else(missing)?)
}

/// What an event comes of, by its name: a job, or an event that was published once more.
struct Family {
    parent: Option<String>,
    root: Option<String>,
}

impl Family {
    async fn of(client: &Client, event: &EventRecord) -> anyhow::Result<Self> {
        let root = event.root.filter(|id| Some(*id) != event.parent);
        Ok(Self { parent: name(client, event.parent).await?, root: name(client, root).await? })
    }
}

async fn name(client: &Client, id: Option<JobId>) -> anyhow::Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let event = client.event(EventId::from_uuid(id.as_uuid())).await?;
    Ok(Some(event.map_or_else(|| id.to_string(), |event| event.id.to_string())))
}

fn fields(out: &Output, event: &EventRecord, family: Family) -> Vec<(&'static str, String)> {
    let version = match event.meta.version {
        None | Some(1) => String::new(),
        Some(version) => format!(" (data version {version})"),
    };
    let origin = event.meta.origin.as_deref();
    let origin = origin.map_or_else(String::new, |origin| format!(" by {}", in_one_line(origin)));
    let mut fields = vec![
        ("type", format!("{}{version}", event.event_type)),
        ("source", in_one_line(&event.source)),
    ];
    let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    add("id", event.given.as_deref().map(in_one_line));
    add("subject", event.subject.as_deref().map(in_one_line));
    add("position", event.position.map(|position| position.to_string()));
    add("time", Some(out.moment_in_full(event.time)));
    add("recorded", event.recorded_at.map(|at| format!("{}{origin}", out.moment_in_full(at))));
    add("parent", family.parent);
    add("root", family.root);
    let about: Vec<&str> = event.meta.subjects.iter().map(Subject::as_str).collect();
    add("about", (!about.is_empty()).then(|| in_one_line(&about.join(", "))));
    for (name, value) in &event.meta.extensions {
        let value = match value {
            Extension::Bool(value) => value.to_string(),
            Extension::Integer(number) => number.to_string(),
            Extension::Text(text) => in_one_line(text),
        };
        add("extension", Some(format!("{name}={value}")));
    }
    add("data", event.data.as_ref().map(|data| in_one_line(data.as_str())));
    fields
}
