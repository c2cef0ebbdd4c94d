//! What events are filtered by: `type:order.* data.total:1000 -source:/ci/nightly since:24h`.
//!
//! The grammar is that of [`crate::filter`]. `*` in a type, a subject or a source stands for any run of characters.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::EventRecord;
use crate::filter::{Known, Moment, ParseFilterError, Path, Scalar, Word, parse, value, written};
use crate::job::Subject;
use crate::name::matches;
use crate::redact::covers;
use crate::time::Timestamp;

/// What a term looks at, with the values it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// A type that fits one of these patterns.
    Type(Vec<String>),
    /// What it has happened to fits one of these patterns, or one of the things that it is about, written as `customer=42`.
    Subject(Vec<String>),
    /// A source that fits one of these patterns.
    Source(Vec<String>),
    /// One of these values stands at this path of its data.
    Data(Path, Vec<Scalar>),
    /// It got its position not before this.
    Since(Moment),
    /// It got its position before this.
    Until(Moment),
}

/// One term of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Whether it must not hold.
    pub negated: bool,
    /// What must hold.
    pub field: Field,
}

/// Terms that must all hold; none matches every event.
///
/// ```
/// # use windlass_core::event::Filter;
/// let large: Filter = r#"type:order.* data.total:1000 -subject:"order 7" since:24h"#.parse()?;
/// # Ok::<_, windlass_core::filter::ParseFilterError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The terms.
    pub terms: Vec<Term>,
}

const KNOWN: Known = Known {
    names: &["type", "subject", "source", "data", "since", "until"],
    with_path: "data",
    example: "type:order.*",
};

impl Filter {
    /// The places in data that it looks at.
    pub fn data(&self) -> impl Iterator<Item = &Path> {
        self.terms.iter().filter_map(|term| match &term.field {
            Field::Data(path, _) => Some(path),
            _ => None,
        })
    }

    /// Whether an event matches, for a question that is asked now. A filter that looks at a field which the event's type marks
    /// does not match it.
    #[must_use]
    pub fn fits(&self, event: &EventRecord, now: Timestamp) -> bool {
        let marks = &event.meta.redact;
        // Not even a term that is negated may tell what the field has.
        if !marks.is_empty() && self.data().any(|path| covers(marks, path)) {
            return false;
        }
        let mut data: Option<Value> = None;
        let any =
            |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        self.terms.iter().all(|term| {
            let fits = match &term.field {
                Field::Type(patterns) => any(patterns, &event.event_type),
                Field::Source(patterns) => any(patterns, &event.source),
                Field::Subject(patterns) => {
                    let about = event.meta.subjects.iter().map(Subject::as_str);
                    about.chain(event.subject.as_deref()).any(|subject| any(patterns, subject))
                }
                Field::Data(path, values) => {
                    let data = data.get_or_insert_with(|| {
                        event.data.as_ref().and_then(|data| data.read().ok()).unwrap_or_default()
                    });
                    path.find(data).is_some_and(|found| values.iter().any(|value| value.is(found)))
                }
                Field::Since(moment) => recorded_at(event) >= moment.at(now),
                Field::Until(moment) => recorded_at(event) < moment.at(now),
            };
            fits != term.negated
        })
    }

    /// The first moment that matches, where a term names one.
    #[must_use]
    pub fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let moments = self.terms.iter().filter_map(|term| match term.field {
            Field::Since(moment) => Some(moment.at(now)),
            _ => None,
        });
        moments.max()
    }
}

/// When an event got its position: the order of the log.
pub(super) fn recorded_at(event: &EventRecord) -> Timestamp {
    event.recorded_at.unwrap_or(event.time)
}

impl FromStr for Filter {
    type Err = ParseFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let terms = parse(text, &KNOWN)?.into_iter().map(Term::of).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }
}

impl Term {
    fn of(word: Word) -> Result<Self, ParseFilterError> {
        let field = match word.name.as_str() {
            "type" => Field::Type(word.texts()),
            "subject" => Field::Subject(word.texts()),
            "source" => Field::Source(word.texts()),
            "data" => Field::Data(word.path()?, word.scalars()),
            "since" => Field::Since(word.moment()?),
            _ => Field::Until(word.moment()?),
        };
        Ok(Self { negated: word.negated, field })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = |texts: &[String]| texts.iter().map(|text| value(text)).collect();
        let (name, values): (_, Vec<String>) = match &self.field {
            Field::Type(patterns) => ("type".to_owned(), texts(patterns)),
            Field::Subject(patterns) => ("subject".to_owned(), texts(patterns)),
            Field::Source(patterns) => ("source".to_owned(), texts(patterns)),
            Field::Data(path, values) => {
                (format!("data.{path}"), values.iter().map(ToString::to_string).collect())
            }
            Field::Since(moment) => ("since".to_owned(), vec![moment.to_string()]),
            Field::Until(moment) => ("until".to_owned(), vec![moment.to_string()]),
        };
        f.write_str(&written(self.negated, &name, &values))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<String> = self.terms.iter().map(ToString::to_string).collect();
        f.write_str(&terms.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NewEvent;
    use crate::json::Json;

    fn paid(data: &str) -> EventRecord {
        let event = NewEvent::new("order.paid", Json::stored(data)).subject("order/7");
        let event = event.about(Subject::new("customer", 42));
        EventRecord::of(event, Timestamp::from_micros(5_000_000))
    }

    #[test]
    fn an_event_is_held_against_every_term() {
        let event = paid(r#"{"total": 1000, "lines": [{"sku": "a"}]}"#);
        let now = Timestamp::from_micros(6_000_000);
        let fits = |text: &str| text.parse::<Filter>().expect(text).fits(&event, now);
        for text in [
            "",
            "type:order.*",
            "subject:order/7",
            "subject:customer=42",
            "data.total:1000,1",
            "data.lines.0.sku:a",
            "since:1s",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            "type:bill.*",
            "-type:*",
            "subject:x",
            "subject:customer=4",
            "-subject:customer=*",
            "data.total:\"1000\"",
            "data.x:1",
            "until:1s",
            "-data.total:1000",
        ] {
            assert!(!fits(text), "{text}");
        }
        assert!(fits("-data.x:1"), "what is not there is not excluded by it");
    }

    #[test]
    fn a_filter_of_events_survives_its_text() {
        for text in [
            "",
            "type:order.*,bill.paid -subject:\"order 7\" source:/shop data.a.\"b.c\":1,\"1\" since:1h until:2026-11-21T12:00:00.000Z",
        ] {
            assert_eq!(text.parse::<Filter>().expect(text).to_string(), text);
        }
        let error = "typ:x".parse::<Filter>().expect_err("no such name").to_string();
        assert!(error.ends_with("did you mean `type`?"), "{error}");
        assert!("state:dead".parse::<Filter>().is_err(), "an event has no state");
    }
}
