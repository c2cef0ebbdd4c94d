//! The filter language for jobs: `state:dead kind:img.* queue:mail,media -queue:bulk`.
//!
//! Terms are ANDed; commas inside a term are ORed; `-` in front negates; `*` in a kind or queue
//! stands for any run of characters. The same text works in the CLI and in the API.

use std::fmt;
use std::str::FromStr;

use crate::state::{ParseStateError, State};

/// What a term looks at, with the values it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// One of these states.
    State(Vec<State>),
    /// A queue that fits one of these patterns.
    Queue(Vec<String>),
    /// A kind that fits one of these patterns.
    Kind(Vec<String>),
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The terms.
    pub terms: Vec<Term>,
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFilterError {
    /// A term without a colon.
    #[error("`{0}` is no filter term: expected name:value, such as state:dead")]
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
}

const KNOWN: [&str; 3] = ["state", "queue", "kind"];

impl Filter {
    /// The states a job may have to match, as far as the filter's own terms say.
    #[must_use]
    pub fn states(&self) -> Vec<State> {
        State::ALL.into_iter().filter(|state| self.allows(*state)).collect()
    }

    fn allows(&self, state: State) -> bool {
        self.terms.iter().all(|term| match &term.field {
            Field::State(states) => states.contains(&state) != term.negated,
            Field::Queue(_) | Field::Kind(_) => true,
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
    let owned = || values.iter().map(|value| (*value).to_owned()).collect();
    let field = match name {
        "state" => Field::State(values.iter().map(|word| word.parse()).collect::<Result<_, _>>()?),
        "queue" => Field::Queue(owned()),
        "kind" => Field::Kind(owned()),
        _ => return Err(unknown(name)),
    };
    if values.is_empty() {
        return Err(ParseFilterError::Empty(name.to_owned()));
    }
    Ok(Term { negated, field })
}

fn unknown(name: &str) -> ParseFilterError {
    let hint =
        nearest(name, &KNOWN).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    ParseFilterError::Unknown { name: name.to_owned(), hint }
}

/// The known word nearest to a wrong one, where one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(edits, candidate)| *edits <= (candidate.len() / 3).max(1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be changed, added, left out or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swap = if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    rows[i - 2][j - 2] + 1
                } else {
                    usize::MAX
                };
                change.min(swap).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
            };
        }
    }
    rows[a.len()][b.len()]
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
        for text in
            ["", "state:dead", "state:dead,cancelled kind:img.* -queue:bulk", "-state:completed"]
        {
            let filter: Filter = text.parse().expect(text);
            assert_eq!(filter.to_string(), text);
        }
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
        assert_eq!(nearest("xyz", &KNOWN), None);
        assert_eq!(nearest("mial", &["mail", "work"]), Some("mail"));
    }
}
