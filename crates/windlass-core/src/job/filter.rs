//! The filter language for jobs: `state:dead kind:img.* queue:mail,media -queue:bulk`.
//!
//! Terms are ANDed; commas inside a term are ORed; `-` in front negates; `*` in a kind or queue
//! stands for any run of characters. The same text works in the CLI and in the API.

use super::{Moment, ParseStateError, ParseSubjectError, State, Subject};
use crate::id::{BatchId, ParseIdError};
use crate::name::nearest;
use crate::time::Timestamp;
use std::fmt;
use std::str::FromStr;

/// What a term looks at, with the values it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// One of these states.
    State(Vec<State>),
    /// A queue that fits one of these patterns.
    Queue(Vec<String>),
    /// A kind that fits one of these patterns.
    Kind(Vec<String>),
    /// One of these tags, letter by letter.
    Tag(Vec<String>),
    /// One of these subjects.
    Subject(Vec<Subject>),
    /// In one of these batches.
    Batch(Vec<BatchId>),
    /// Nothing before this: an ended job by when it ended, a running one by when it was claimed, any other by
    /// when it was written.
    Since(Moment),
    /// Before this, by the same moments.
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

/// Terms that must all hold; none matches every job.
///
/// A text makes one: terms with blanks between, in each a name and values with commas between; `-` in front
/// negates, `*` stands for any run of characters.
///
/// ```
/// # use windlass_core::job::Filter;
/// let dead: Filter = "state:dead kind:img.* -queue:bulk".parse()?;
/// let of_customer: Filter = "subject:customer=42 -tag:bulk since:24h".parse()?;
/// # Ok::<_, windlass_core::job::ParseFilterError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The terms.
    pub terms: Vec<Term>,
}

/// Why a text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFilterError {
    /// A term without a colon.
    #[error("`{0}` is not a filter term: expected name:value, such as state:dead")]
    Bare(String),
    /// A name that is not known.
    #[error("`{name}` cannot be filtered by: {known}{hint}", known = KNOWN.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// What may have been meant, as a phrase to append.
        hint: String,
    },
    /// No value behind the colon.
    #[error("`{0}:` needs a value")]
    Empty(String),
    /// Not a state.
    #[error(transparent)]
    State(#[from] ParseStateError),
    /// Not a subject.
    #[error(transparent)]
    Subject(#[from] ParseSubjectError),
    /// Not a batch's id.
    #[error(transparent)]
    Batch(#[from] ParseIdError),
    /// Not a moment.
    #[error("`{0}` is not a moment: expected how long ago, such as 24h, or 2026-11-21T12:00:00Z")]
    Moment(String),
    /// A term that cannot be negated.
    #[error("`-{0}:` makes no sense: since and until are each other's opposite")]
    Negated(String),
}

const KNOWN: [&str; 8] = ["state", "queue", "kind", "tag", "subject", "batch", "since", "until"];

impl Filter {
    /// The states a job may have to match, as far as the filter's own terms say.
    #[must_use]
    pub fn states(&self) -> Vec<State> {
        State::ALL.into_iter().filter(|state| self.allows(*state)).collect()
    }

    fn allows(&self, state: State) -> bool {
        self.terms.iter().all(|term| match &term.field {
            Field::State(states) => states.contains(&state) != term.negated,
            _ => true,
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

    /// The first moment that does not match any more, where a term names one.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let moments = self.terms.iter().filter_map(|term| match term.field {
            Field::Until(moment) => Some(moment.at(now)),
            _ => None,
        });
        moments.min()
    }

    /// The same with moments instead of times ago, in milliseconds: what it means later is what it means now.
    #[must_use]
    pub fn frozen(mut self, now: Timestamp) -> Self {
        const MILLI: i64 = 1_000;
        let whole = |at: Timestamp| at.as_micros().div_euclid(MILLI) * MILLI;
        for term in &mut self.terms {
            if let Field::Since(moment) | Field::Until(moment) = &mut term.field {
                *moment = Moment::At(Timestamp::from_micros(whole(moment.at(now))));
            }
        }
        self
    }

    /// For each term that names tags or subjects, whether it is negated and what a store finds them by.
    pub fn tags(&self) -> impl Iterator<Item = (bool, Vec<&str>)> {
        self.terms.iter().filter_map(|term| match &term.field {
            Field::Tag(tags) => Some((term.negated, tags.iter().map(String::as_str).collect())),
            Field::Subject(subjects) => {
                Some((term.negated, subjects.iter().map(Subject::as_str).collect()))
            }
            _ => None,
        })
    }

    /// For each term that names batches, whether it is negated and which.
    pub fn batches(&self) -> impl Iterator<Item = (bool, &[BatchId])> {
        self.terms.iter().filter_map(|term| match &term.field {
            Field::Batch(batches) => Some((term.negated, batches.as_slice())),
            _ => None,
        })
    }
}

impl FromStr for Filter {
    type Err = ParseFilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let terms = text.split_whitespace().map(parse_term).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }
}

fn parse_term(text: &str) -> Result<Term, ParseFilterError> {
    let (negated, positive) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (name, values) =
        positive.split_once(':').ok_or_else(|| ParseFilterError::Bare(text.to_owned()))?;
    let values: Vec<&str> = values.split(',').filter(|value| !value.is_empty()).collect();
    if values.is_empty() && KNOWN.contains(&name) {
        return Err(ParseFilterError::Empty(name.to_owned()));
    }
    let owned = || values.iter().map(|value| (*value).to_owned()).collect();
    let field = match name {
        "state" => Field::State(values.iter().map(|word| word.parse()).collect::<Result<_, _>>()?),
        "queue" => Field::Queue(owned()),
        "kind" => Field::Kind(owned()),
        "tag" => Field::Tag(owned()),
        "subject" => {
            Field::Subject(values.iter().map(|word| word.parse()).collect::<Result<_, _>>()?)
        }
        "batch" => Field::Batch(values.iter().map(|id| id.parse()).collect::<Result<_, _>>()?),
        "since" | "until" if negated => return Err(ParseFilterError::Negated(name.to_owned())),
        "since" => Field::Since(values.join(",").parse()?),
        "until" => Field::Until(values.join(",").parse()?),
        _ => return Err(unknown(name)),
    };
    Ok(Term { negated, field })
}

fn unknown(name: &str) -> ParseFilterError {
    let hint =
        nearest(name, &KNOWN).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    ParseFilterError::Unknown { name: name.to_owned(), hint }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, term) in self.terms.iter().enumerate() {
            let space = if nth == 0 { "" } else { " " };
            let minus = if term.negated { "-" } else { "" };
            let (name, values) = match &term.field {
                Field::State(states) => {
                    ("state", states.iter().map(|state| state.word()).collect::<Vec<_>>().join(","))
                }
                Field::Queue(queues) => ("queue", queues.join(",")),
                Field::Kind(kinds) => ("kind", kinds.join(",")),
                Field::Tag(tags) => ("tag", tags.join(",")),
                Field::Subject(subjects) => {
                    ("subject", subjects.iter().map(Subject::as_str).collect::<Vec<_>>().join(","))
                }
                Field::Batch(batches) => {
                    let ids: Vec<String> = batches.iter().map(ToString::to_string).collect();
                    ("batch", ids.join(","))
                }
                Field::Since(moment) => ("since", moment.to_string()),
                Field::Until(moment) => ("until", moment.to_string()),
            };
            write!(f, "{space}{minus}{name}:{values}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_its_text() {
        for text in [
            "",
            "state:dead",
            "state:dead,cancelled kind:img.* -queue:bulk",
            "-state:completed",
            "batch:bat_01KAHT5V3X5W9GNQ6D4R3ZCE7M state:dead",
            "-tag:bulk,slow subject:customer=42,order=a=b since:1d until:2026-11-21T12:00:00.000Z",
        ] {
            let filter: Filter = text.parse().expect(text);
            assert_eq!(filter.to_string(), text);
        }
    }

    #[test]
    fn a_frozen_filter_means_later_what_it_means_now() {
        let now = Timestamp::from_micros(1_795_000_000_123_456);
        let frozen = |text: &str| text.parse::<Filter>().expect(text).frozen(now);
        let day = frozen("kind:a since:1d until:0s");
        assert_eq!(
            day.to_string(),
            "kind:a since:2026-11-17T11:06:40.123Z until:2026-11-18T11:06:40.123Z"
        );
        assert_eq!(frozen(&day.to_string()), day);
        assert_eq!(frozen("state:dead -queue:b").to_string(), "state:dead -queue:b");
    }

    #[test]
    fn states_left_are_known() {
        let filter: Filter = "state:dead,completed -state:completed".parse().expect("a filter");
        assert_eq!(filter.states(), [State::Dead]);
        assert_eq!(Filter::default().states().len(), 8);
    }

    #[test]
    fn wrong_words_get_a_suggestion() {
        let error = "stat:dead".parse::<Filter>().expect_err("no such field");
        assert!(error.to_string().ends_with("did you mean `state`?"), "{error}");
        assert!("dead".parse::<Filter>().is_err());
        assert!("state:".parse::<Filter>().is_err());
        assert!("state:gone".parse::<Filter>().is_err());
        for text in ["subject:customer", "tag:", "since:", "since:noon", "-since:1h", "batch:x"] {
            assert!(text.parse::<Filter>().is_err(), "{text} was taken for a filter");
        }
        assert_eq!(nearest("xyz", &KNOWN), None);
        assert_eq!(nearest("mial", &["mail", "work"]), Some("mail"));
    }
}
