//! An event as a filter sees it.

use std::sync::OnceLock;

use serde_json::Value;

use super::key::{Key, Member};
use super::number::Number;

/// The version of CloudEvents that every event has.
const SPECVERSION: &str = "1.0";

/// The value of an extension attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeValue<'a> {
    /// A text; URIs and times are texts too.
    Text(&'a str),
    /// A whole number.
    Integer(i32),
    /// True or false.
    Boolean(bool),
}

impl<'a> From<&'a str> for AttributeValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for AttributeValue<'_> {
    fn from(integer: i32) -> Self {
        Self::Integer(integer)
    }
}

impl From<bool> for AttributeValue<'_> {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

/// The parts of an event that a filter looks at, borrowed.
///
/// The data are parsed when a predicate asks for them the first time, and not again: one view serves any number of
/// filters.
///
/// ```
/// # use windlass_core::subscription::{EventView, Filter};
/// let event = EventView::new("1", "/ci", "build.failed")
///     .subject("project/kde")
///     .extension("attempt", 3)
///     .data(r#"{"total": 1200}"#);
/// let filter = Filter::parse(r#"{"types": ["build.*"], "all": [{"sql": "data.total >= 1000"}]}"#)?;
/// assert!(filter.matches(&event));
/// # Ok::<_, windlass_core::subscription::FilterError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EventView<'a> {
    id: &'a str,
    source: &'a str,
    kind: &'a str,
    subject: Option<&'a str>,
    time: Option<&'a str>,
    extensions: Vec<(&'a str, AttributeValue<'a>)>,
    data: Option<&'a str>,
    parsed: OnceLock<Result<Value, String>>,
}

/// What an event has in the place that a key names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seen<'s> {
    Missing,
    Null,
    Boolean(bool),
    Number(Number),
    Text(&'s str),
    Array,
    Object,
    /// Data that are not JSON, and why.
    Unreadable(&'s str),
}

impl<'a> EventView<'a> {
    /// An event with the attributes that every event has: `id`, `source` and `type`.
    #[must_use]
    pub fn new(id: &'a str, source: &'a str, kind: &'a str) -> Self {
        let (extensions, parsed) = (Vec::new(), OnceLock::new());
        Self { id, source, kind, subject: None, time: None, extensions, data: None, parsed }
    }

    /// What the event is about.
    #[must_use]
    pub fn subject(self, subject: &'a str) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// When it happened, as the event's own text.
    #[must_use]
    pub fn time(self, time: &'a str) -> Self {
        Self { time: Some(time), ..self }
    }

    /// Any further attribute, such as `datacontenttype`. Where one comes twice, the first counts.
    #[must_use]
    pub fn extension(mut self, name: &'a str, value: impl Into<AttributeValue<'a>>) -> Self {
        self.extensions.push((name, value.into()));
        self
    }

    /// The data, as JSON text. Of a member that comes twice the last counts. Data that are not JSON, or have more than 127
    /// arrays and objects inside one another, cannot be looked at: what asks for a member does not hold.
    #[must_use]
    pub fn data(self, json: &'a str) -> Self {
        Self { data: Some(json), parsed: OnceLock::new(), ..self }
    }

    /// The event's `type`.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.kind
    }

    pub(crate) fn look(&self, key: &Key) -> Seen<'_> {
        match key {
            Key::Attribute(name) => self.attribute(name),
            Key::Data(members) => self.member(members),
        }
    }

    fn attribute(&self, name: &str) -> Seen<'_> {
        let text = |text: Option<&'a str>| text.map_or(Seen::Missing, Seen::Text);
        match name {
            "id" => Seen::Text(self.id),
            "source" => Seen::Text(self.source),
            "type" => Seen::Text(self.kind),
            "specversion" => Seen::Text(SPECVERSION),
            "subject" => text(self.subject),
            "time" => text(self.time),
            _ => match self.extensions.iter().find(|(known, _)| *known == name) {
                None => Seen::Missing,
                Some((_, AttributeValue::Text(text))) => Seen::Text(text),
                Some((_, AttributeValue::Boolean(boolean))) => Seen::Boolean(*boolean),
                Some((_, AttributeValue::Integer(integer))) => {
                    Seen::Number(Number::Whole((*integer).into()))
                }
            },
        }
    }

    fn member(&self, members: &[Member]) -> Seen<'_> {
        let Some(json) = self.data else { return Seen::Missing };
        let parse = || serde_json::from_str(json).map_err(|error| error.to_string());
        let mut value = match self.parsed.get_or_init(parse) {
            Ok(value) => value,
            Err(error) => return Seen::Unreadable(error),
        };
        for member in members {
            let inside = match value {
                Value::Object(object) => object.get(&*member.name),
                Value::Array(array) => member.place.and_then(|place| array.get(place)),
                _ => None,
            };
            let Some(inside) = inside else { return Seen::Missing };
            value = inside;
        }
        match value {
            Value::Null => Seen::Null,
            Value::Bool(boolean) => Seen::Boolean(*boolean),
            Value::Number(number) => Number::of_json(number).map_or(Seen::Missing, Seen::Number),
            Value::String(text) => Seen::Text(text),
            Value::Array(_) => Seen::Array,
            Value::Object(_) => Seen::Object,
        }
    }

    #[cfg(test)]
    pub(crate) fn has_parsed(&self) -> bool {
        self.parsed.get().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look<'s>(event: &'s EventView<'_>, key: &str) -> Seen<'s> {
        event.look(&Key::parse(key).expect(key))
    }

    #[test]
    fn attributes_are_found_by_their_names() {
        let event = EventView::new("1", "/ci", "build.failed")
            .subject("project/kde")
            .extension("attempt", 3)
            .extension("late", true)
            .extension("attempt", "twice")
            .extension("id", "another");
        assert_eq!(look(&event, "id"), Seen::Text("1"));
        assert_eq!(look(&event, "type"), Seen::Text(event.kind()));
        assert_eq!(look(&event, "subject"), Seen::Text("project/kde"));
        assert_eq!(look(&event, "time"), Seen::Missing);
        assert_eq!(look(&event, "specversion"), Seen::Text("1.0"));
        assert_eq!(look(&event, "attempt"), Seen::Number(Number::Whole(3)));
        assert_eq!(look(&event, "late"), Seen::Boolean(true));
        assert_eq!(look(&event, "data"), Seen::Missing);
    }

    #[test]
    fn members_of_data_are_found_by_names_and_places() {
        let event = EventView::new("1", "/", "a")
            .data(r#"{"items": [{"sku": "x"}, 2.5, null], "0": true, "a.b": {"": 1}}"#);
        assert!(!event.has_parsed());
        assert_eq!(look(&event, "data.items.0.sku"), Seen::Text("x"));
        assert_eq!(look(&event, "data.items.1"), Seen::Number(Number::Fraction(2.5)));
        assert_eq!(look(&event, "data.items.2"), Seen::Null);
        assert_eq!(look(&event, "data.items.3"), Seen::Missing);
        assert_eq!(look(&event, "data.items.sku"), Seen::Missing);
        assert_eq!(look(&event, "data.0"), Seen::Boolean(true));
        assert_eq!(look(&event, r#"data."a.b"."""#), Seen::Number(Number::Whole(1)));
        assert_eq!(look(&event, "data.items.0.sku.x"), Seen::Missing);
        assert_eq!([look(&event, "data"), look(&event, "data.items")], [Seen::Object, Seen::Array]);
    }

    #[test]
    fn data_that_are_not_json_say_why_and_do_not_overflow() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let (most, more) = (nested(127), nested(128));
        assert_eq!(look(&EventView::new("1", "/", "a").data(&most), "data"), Seen::Array);
        let deep = "[".repeat(1_000_000);
        for json in ["", "{", "{} {}", &deep, &more] {
            let event = EventView::new("1", "/", "a").data(json);
            assert!(matches!(look(&event, "data.a"), Seen::Unreadable(_)));
        }
    }
}
