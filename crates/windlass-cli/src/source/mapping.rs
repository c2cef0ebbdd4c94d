//! What of a record is what of its event.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::value::RawValue;
use windlass::Json;
use windlass::alert::OWN_SOURCE;
use windlass::event::{Extension, NewEvent};
use windlass::name::matches;
use windlass::source::Read;

/// A text with members of the record in braces, such as `build.{result}` or `{payload.id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Member(String),
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').map(|at| open + at);
            let close =
                close.ok_or_else(|| format!("`{text}` opens a brace and does not close it"))?;
            let member = &rest[open + 1..close];
            if member.is_empty() || member.split('.').any(str::is_empty) {
                return Err(format!("`{text}` names no member in a pair of braces"));
            }
            if open > 0 {
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            parts.push(Part::Member(member.to_owned()));
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if parts.is_empty() {
            return Err("says nothing".to_owned());
        }
        Ok(Self(parts))
    }
}

impl Template {
    /// The member, where it is one and nothing else.
    fn member(&self) -> Option<&str> {
        match &self.0[..] {
            [Part::Member(member)] => Some(member),
            _ => None,
        }
    }

    /// The text of a record; what it names has to be a text, a number or a boolean there.
    fn of(&self, record: &str) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Member(path) => text.push_str(&plain(path, member(record, path)?)?),
            }
        }
        Ok(text)
    }
}

/// A member of a JSON object, or of one inside it, as it was written.
fn member<'r>(record: &'r str, path: &str) -> Result<&'r str, String> {
    let mut here = record;
    for name in path.split('.') {
        let members: BTreeMap<String, &'r RawValue> =
            serde_json::from_str(here).map_err(|_| format!("has no member `{path}`"))?;
        here = members.get(name).ok_or_else(|| format!("has no member `{path}`"))?.get();
    }
    Ok(here)
}

fn plain(path: &str, value: &str) -> Result<String, String> {
    match value.as_bytes().first() {
        Some(b'"') => {
            serde_json::from_str(value).map_err(|error| format!("member `{path}`: {error}"))
        }
        Some(b'{' | b'[' | b'n') => {
            Err(format!("member `{path}` is neither a text nor a number nor a boolean"))
        }
        _ => Ok(value.to_owned()),
    }
}

/// How records become events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) event_type: Template,
    /// The types that are known, as patterns; all where there is none.
    pub(crate) types: Vec<String>,
    /// Where events come from.
    pub(crate) event_source: Option<Template>,
    pub(crate) number: Option<Template>,
    pub(crate) id: Option<Template>,
    pub(crate) subject: Option<Template>,
    pub(crate) time: Option<Template>,
    /// The whole record where it says nothing.
    pub(crate) data: Option<Template>,
}

/// The attributes of a CloudEvent beside its extensions, and the names that members have where nothing else is said.
const ATTRIBUTES: [&str; 10] = [
    "specversion",
    "type",
    "data",
    "id",
    "source",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "number",
];

impl Mapping {
    /// One that says only what type the events have.
    #[cfg(test)]
    pub(crate) fn plain(event_type: Template) -> Self {
        Self {
            event_type,
            types: Vec::new(),
            event_source: None,
            number: None,
            id: None,
            subject: None,
            time: None,
            data: None,
        }
    }

    /// What a record is.
    pub(crate) fn read(&self, record: &str) -> Read {
        // A record that has a number has it also where it is put aside, so that no gap is seen there.
        let number = self.number(record);
        let known = number.clone().ok().flatten();
        match number.and_then(|number| Ok((number, self.event(record)?))) {
            Ok((Some(number), event)) => Read::numbered(number, event),
            Ok((None, event)) => Read::event(event),
            Err(reason) => Read::unreadable(known, record, reason),
        }
    }

    fn number(&self, record: &str) -> Result<Option<u64>, String> {
        let text = match &self.number {
            Some(template) => template.of(record)?,
            None => match optional(record, "number")? {
                Some(text) => text,
                None => return Ok(None),
            },
        };
        let number = text.parse().ok().filter(|number| *number <= i64::MAX.unsigned_abs());
        number.map(Some).ok_or_else(|| format!("`{text}` is not the number of a record"))
    }

    fn event(&self, record: &str) -> Result<NewEvent, String> {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(record).map_err(|error| format!("not a JSON object: {error}"))?;
        let event_type = self.event_type.of(record)?;
        if !self.types.is_empty() && !self.types.iter().any(|known| matches(known, &event_type)) {
            return Err(format!("the type {event_type} is not known"));
        }
        let mut event = NewEvent::bare(event_type);
        let text = |template: &Option<Template>, name| match template {
            Some(template) => template.of(record).map(Some),
            None => optional(record, name),
        };
        event.given = text(&self.id, "id")?;
        event.subject = text(&self.subject, "subject")?;
        if let Some(source) = text(&self.event_source, "source")? {
            event.source = source;
        }
        let time = text(&self.time, "time")?;
        let time = time.map(|time| time.parse().map_err(|error| format!("time `{time}`: {error}")));
        event.time = time.transpose()?;
        let data = self.data(record, fields.contains_key("specversion"))?;
        let data = data.map(|data| Json::args(data).map_err(|error| format!("data: {error}")));
        event.data = data.transpose()?;
        if fields.contains_key("specversion") {
            event.meta.extensions = extensions(&fields)?;
        }
        event.check_from_outside().map_err(|refusal| refusal.to_string())?;
        // Alerts and gaps go by it too.
        if event.source == OWN_SOURCE {
            let (event_type, source) = (&event.event_type, &event.source);
            return Err(format!("{event_type} from {source}: Windlass alone tells of itself"));
        }
        Ok(event)
    }

    fn data(&self, record: &str, is_cloud: bool) -> Result<Option<String>, String> {
        match &self.data {
            None if is_cloud => Ok(member(record, "data").ok().map(str::to_owned)),
            None => Ok(Some(record.trim().to_owned())),
            Some(template) => match template.member() {
                Some(path) => member(record, path).map(|data| Some(data.to_owned())),
                None => Ok(Some(serde_json::Value::String(template.of(record)?).to_string())),
            },
        }
    }
}

/// A member that need not be there.
fn optional(record: &str, name: &str) -> Result<Option<String>, String> {
    match member(record, name) {
        Err(_) | Ok("null") => Ok(None),
        Ok(value) => plain(name, value).map(Some),
    }
}

fn extensions(fields: &BTreeMap<String, &RawValue>) -> Result<BTreeMap<String, Extension>, String> {
    let others = fields.iter().filter(|(name, _)| !ATTRIBUTES.contains(&name.as_str()));
    let extension = |(name, value): (&String, &&RawValue)| {
        let read = serde_json::from_str(value.get());
        let read = read.map_err(|_| format!("extension `{name}` is not one of CloudEvents"))?;
        Ok((name.clone(), read))
    };
    others.map(extension).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plainly(event_type: &str) -> Mapping {
        Mapping::plain(event_type.parse().expect("a template"))
    }

    fn event(mapping: &Mapping, record: &str) -> (Option<u64>, NewEvent) {
        match mapping.read(record) {
            Read::Record(record) => (record.number, record.event),
            Read::Unreadable(other) => panic!("{}", other.reason),
        }
    }

    fn reason(mapping: &Mapping, record: &str) -> (Option<u64>, String) {
        match mapping.read(record) {
            Read::Record(record) => panic!("{record:?}"),
            Read::Unreadable(other) => (other.number, other.reason),
        }
    }

    /// O22: a feed cannot speak for Windlass.
    #[test]
    fn what_only_windlass_tells_is_put_aside() {
        let mapping = plainly("{type}");
        for record in [
            r#"{"type": "windlass.queue.stalled.resolved"}"#,
            r#"{"type": "tick", "source": "/windlass"}"#,
        ] {
            let (_, reason) = reason(&mapping, record);
            assert!(reason.ends_with("Windlass alone tells of itself"), "{reason}");
        }
    }

    /// O22: what is said of a record's members is gone by, and data stay as they were written.
    #[test]
    fn a_record_is_mapped() {
        let mapping = Mapping {
            number: "{nr}".parse().ok(),
            id: "{project.name}-{nr}".parse().ok(),
            subject: "project/{project.name}".parse().ok(),
            time: "{at}".parse().ok(),
            data: "{payload}".parse().ok(),
            event_source: "https://build.example.org".parse().ok(),
            ..plainly("obs.{kind}")
        };
        let record = r#"{"nr":7,"kind":"built","at":"2026-11-27T10:00:00Z","project":{"name":"base"},"payload":{"a":1.50}}"#;
        let (number, event) = event(&mapping, record);
        assert_eq!((number, event.event_type.as_str()), (Some(7), "obs.built"));
        assert_eq!(
            (event.given.as_deref(), event.subject.as_deref()),
            (Some("base-7"), Some("project/base"))
        );
        assert_eq!(event.source, "https://build.example.org");
        assert_eq!(event.data.map(|data| data.to_string()).as_deref(), Some(r#"{"a":1.50}"#));
        assert_eq!(
            event.time.map(|time| time.to_string()).as_deref(),
            Some("2026-11-27T10:00:00.000Z")
        );
    }

    /// O22: a CloudEvent needs no mapping, and keeps its extensions.
    #[test]
    fn a_cloud_event_is_what_it_is() {
        let record = r#"{"specversion":"1.0","type":"order.paid","id":"a","source":"/shop","data":{"order":7},"tenant":"acme"}"#;
        let (_, event) = event(&plainly("{type}"), record);
        assert_eq!((event.source.as_str(), event.given.as_deref()), ("/shop", Some("a")));
        assert_eq!(event.data.map(|data| data.to_string()).as_deref(), Some(r#"{"order":7}"#));
        assert_eq!(event.meta.extensions["tenant"], Extension::from("acme"));
    }

    /// O22: what is put aside says why, and has its number where that can be read.
    #[test]
    fn what_is_no_event_says_why() {
        let mapping = Mapping { types: vec!["obs.*".to_owned()], ..plainly("{kind}") };
        for (record, number, told) in [
            ("no json", None, "not a JSON object"),
            (r#"{"number":3}"#, Some(3), "has no member `kind`"),
            (r#"{"number":3,"kind":"new.thing"}"#, Some(3), "the type new.thing is not known"),
            (r#"{"number":-3,"kind":"obs.a"}"#, None, "`-3` is not the number of a record"),
            (r#"{"number":3,"kind":["obs.a"]}"#, Some(3), "neither a text nor"),
            (r#"{"number":3,"kind":"obs.a","time":"noon"}"#, Some(3), "time `noon`"),
            (r#"{"number":3,"kind":"obs.a b"}"#, Some(3), "event type"),
        ] {
            let (found, reason) = reason(&mapping, record);
            assert_eq!(found, number, "{record}");
            assert!(reason.contains(told), "{record}: {reason}");
        }
    }

    #[test]
    fn what_is_no_template_is_told() {
        for wrong in ["{", "a{}", "{a..b}", "a{b", ""] {
            assert!(wrong.parse::<Template>().is_err(), "{wrong}");
        }
    }
}
