//! What must hold for an event.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::event::{EventView, Seen};
use super::key::Key;
use super::number::Number;
use super::sql::Expression;

/// One of the conditions of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    /// Each of these must hold; attributes come before members of the data.
    Compare(How, Vec<(Key, Wanted)>),
    All(Clauses),
    Any(Clauses),
    Not(Box<Predicate>),
    Sql(Expression),
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Exact,
    Prefix,
    Suffix,
}

/// What it is compared with; a prefix and a suffix are texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    Null,
    Boolean(bool),
    Number(Number),
    Text(Box<str>),
}

/// Predicates as they were written, and the order in which they are looked at: what is cheap comes first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Clauses {
    list: Vec<Predicate>,
    order: Vec<usize>,
}

/// What looking costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    Attributes,
    Sql,
    Data,
    SqlOnData,
}

impl Clauses {
    pub(super) fn new(list: Vec<Predicate>) -> Self {
        let mut order: Vec<usize> = (0..list.len()).collect();
        order.sort_by_key(|nth| list[*nth].cost());
        Self { list, order }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// As they were written.
    pub(super) fn list(&self) -> &[Predicate] {
        &self.list
    }

    /// As they are looked at, each with its place in the list.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &Predicate)> {
        self.order.iter().map(|nth| (*nth, &self.list[*nth]))
    }

    pub(super) fn all_hold(&self, event: &EventView<'_>) -> bool {
        self.in_order().all(|(_, predicate)| predicate.holds(event))
    }

    fn any_holds(&self, event: &EventView<'_>) -> bool {
        self.in_order().any(|(_, predicate)| predicate.holds(event))
    }

    pub(super) fn keys(&self) -> Vec<&Key> {
        self.list.iter().flat_map(Predicate::keys).collect()
    }

    fn cost(&self) -> Cost {
        self.list.iter().map(Predicate::cost).max().unwrap_or(Cost::Attributes)
    }

    pub(super) fn to_value(&self) -> Value {
        self.list.iter().map(Predicate::to_value).collect()
    }

    /// In words, as they were written.
    pub(super) fn joined(&self, word: &str) -> String {
        let parts: Vec<String> = self
            .list
            .iter()
            .map(|part| match part.is_closed() || self.list.len() == 1 {
                true => part.line(),
                false => format!("({})", part.line()),
            })
            .collect();
        parts.join(word)
    }
}

impl Predicate {
    pub(super) fn compare(how: How, mut pairs: Vec<(Key, Wanted)>) -> Self {
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self::Compare(how, pairs)
    }

    /// Recursion is as deep as the filter, which is bounded when it is read.
    pub(super) fn holds(&self, event: &EventView<'_>) -> bool {
        match self {
            Self::Compare(how, pairs) => {
                pairs.iter().all(|(key, wanted)| how.holds(key, event.look(key), wanted))
            }
            Self::All(clauses) => clauses.all_hold(event),
            Self::Any(clauses) => clauses.any_holds(event),
            Self::Not(inner) => !inner.holds(event),
            Self::Sql(expression) => expression.matches(event),
        }
    }

    /// Recursion is as deep as the filter, which is bounded when it is read.
    fn keys(&self) -> Vec<&Key> {
        match self {
            Self::Compare(_, pairs) => pairs.iter().map(|(key, _)| key).collect(),
            Self::All(clauses) | Self::Any(clauses) => clauses.keys(),
            Self::Not(inner) => inner.keys(),
            Self::Sql(expression) => expression.keys(),
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::Compare(_, pairs) if pairs.iter().any(|(key, _)| key.is_data()) => Cost::Data,
            Self::Compare(..) => Cost::Attributes,
            Self::All(clauses) | Self::Any(clauses) => clauses.cost(),
            Self::Not(inner) => inner.cost(),
            Self::Sql(expression) if expression.reads_data() => Cost::SqlOnData,
            Self::Sql(_) => Cost::Sql,
        }
    }

    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Compare(how, _) => how.word(),
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Not(_) => "not",
            Self::Sql(_) => "sql",
        }
    }

    fn to_value(&self) -> Value {
        let value = match self {
            Self::Compare(_, pairs) => {
                pairs.iter().map(|(key, wanted)| (key.json_key(), wanted.to_value())).collect()
            }
            Self::All(clauses) | Self::Any(clauses) => clauses.to_value(),
            Self::Not(inner) => inner.to_value(),
            Self::Sql(expression) => expression.text().into(),
        };
        Value::Object(Map::from_iter([(self.word().to_owned(), value)]))
    }

    /// Whether it needs no parentheses beside others.
    fn is_closed(&self) -> bool {
        matches!(self, Self::Not(_)) || matches!(self, Self::Compare(_, pairs) if pairs.len() == 1)
    }

    fn line(&self) -> String {
        match self {
            Self::Compare(how, pairs) => {
                let parts: Vec<String> = pairs
                    .iter()
                    .map(|(key, wanted)| format!("{key} {} {wanted}", how.sign()))
                    .collect();
                parts.join(" and ")
            }
            Self::All(clauses) => clauses.joined(" and "),
            Self::Any(clauses) => clauses.joined(" or "),
            Self::Not(inner) => format!("not ({})", inner.line()),
            Self::Sql(expression) => expression.to_string(),
        }
    }
}

impl How {
    /// Of the three words; any other is `exact`.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "prefix" => Self::Prefix,
            "suffix" => Self::Suffix,
            _ => Self::Exact,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Exact => "=",
            Self::Prefix => "begins with",
            Self::Suffix => "ends with",
        }
    }

    pub(super) fn holds(self, key: &Key, seen: Seen<'_>, wanted: &Wanted) -> bool {
        match (wanted, seen) {
            (Wanted::Null, _) => seen == Seen::Null,
            (Wanted::Text(wanted), _) => text_of(key, seen).is_some_and(|text| match self {
                Self::Exact => *text == **wanted,
                Self::Prefix => text.starts_with(&**wanted),
                Self::Suffix => text.ends_with(&**wanted),
            }),
            (_, Seen::Text(text)) => !key.is_data() && *text == wanted.to_string(),
            (Wanted::Boolean(boolean), _) => seen == Seen::Boolean(*boolean),
            (Wanted::Number(number), _) => seen == Seen::Number(*number),
        }
    }
}

/// CloudEvents write any attribute as a text, and compare that: over HTTP all of them come as texts. JSON has types.
fn text_of<'s>(key: &Key, seen: Seen<'s>) -> Option<Cow<'s, str>> {
    match seen {
        Seen::Text(text) => Some(text.into()),
        Seen::Number(number) if !key.is_data() => Some(number.to_string().into()),
        Seen::Boolean(boolean) if !key.is_data() => Some(boolean.to_string().into()),
        _ => None,
    }
}

impl Wanted {
    fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(boolean) => (*boolean).into(),
            Self::Number(number) => number.to_json(),
            Self::Text(text) => Value::String(text.to_string()),
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(boolean) => boolean.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&super::words::short(text)),
        }
    }
}
