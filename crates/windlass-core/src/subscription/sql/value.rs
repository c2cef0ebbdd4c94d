//! Values of an expression, how one becomes another, and what can go wrong.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use super::tree::Type;
use crate::subscription::event::Seen;
use crate::subscription::key::Key;
use crate::subscription::number::Number;
use crate::subscription::words::short;

/// What a part of an expression gives for an event.
///
/// CESQL has integers of 32 bits. Other numbers come from data or are written as such: they are compared as
/// numbers, and are an error where CESQL needs an integer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'s> {
    Boolean(bool),
    Number(Number),
    Text(Cow<'s, str>),
}

/// Why there is no value. An expression ends with its first fault.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault<'s> {
    /// The event has nothing there.
    Missing(&'s Key),
    /// The data have `null` there.
    Null(&'s Key),
    /// The data have there what is not a value.
    Structure(&'s Key, &'static str),
    /// The data are not JSON.
    Unreadable(&'s str),
    /// A value that cannot be what is needed.
    Cast(Value<'s>, &'static str),
    /// What is wrong with the result of a calculation.
    Math(&'static str),
    /// What a function refused.
    Function(&'static str),
}

const INTEGER: &str = "an integer of 32 bits";

impl<'s> Value<'s> {
    pub(super) fn of_seen(seen: Seen<'s>, key: &'s Key) -> Result<Self, Fault<'s>> {
        match seen {
            Seen::Boolean(boolean) => Ok(Self::Boolean(boolean)),
            Seen::Number(number) => Ok(Self::Number(number)),
            Seen::Text(text) => Ok(Self::Text(text.into())),
            Seen::Missing => Err(Fault::Missing(key)),
            Seen::Null => Err(Fault::Null(key)),
            Seen::Array => Err(Fault::Structure(key, "an array")),
            Seen::Object => Err(Fault::Structure(key, "an object")),
            Seen::Unreadable(why) => Err(Fault::Unreadable(why)),
        }
    }

    pub(super) fn integer_of(integer: i32) -> Self {
        Self::Number(Number::Whole(integer.into()))
    }

    pub(super) fn integer(self) -> Result<i32, Fault<'s>> {
        let integer = match &self {
            Self::Boolean(boolean) => Some(i32::from(*boolean)),
            Self::Number(number) => number.integer(),
            Self::Text(text) => text.parse().ok(),
        };
        integer.ok_or(Fault::Cast(self, INTEGER))
    }

    pub(super) fn boolean(self) -> Result<bool, Fault<'s>> {
        match &self {
            Self::Boolean(boolean) => Ok(*boolean),
            Self::Number(number) => Ok(!number.is_zero()),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Self::Text(_) => Err(Fault::Cast(self, "TRUE or FALSE")),
        }
    }

    pub(super) fn text(self) -> Cow<'s, str> {
        match self {
            Self::Boolean(true) => "true".into(),
            Self::Boolean(false) => "false".into(),
            Self::Number(number) => number.to_string().into(),
            Self::Text(text) => text,
        }
    }

    /// As a number of any size and with a fraction, which CESQL does not have.
    fn number(self) -> Result<Number, Fault<'s>> {
        match &self {
            Self::Boolean(boolean) => Ok(Number::Whole((*boolean).into())),
            Self::Number(number) => Ok(*number),
            Self::Text(text) => Number::parse(text).ok_or(Fault::Cast(self, "a number")),
        }
    }

    /// Whether it is a number that only the extension of the language has.
    fn is_other_number(&self) -> bool {
        matches!(self, Self::Number(number) if number.integer().is_none())
    }

    /// Makes the value what the other one is, and compares: `=` casts the left value to the type of the right one, `IN` the
    /// other way round.
    pub(super) fn equals(self, target: &Self) -> Result<bool, Fault<'s>> {
        Ok(match target {
            Self::Boolean(target) => self.boolean()? == *target,
            Self::Text(target) => self.text() == *target,
            Self::Number(target) => match self {
                Self::Text(_) if target.integer().is_some() => {
                    Number::Whole(self.integer()?.into()) == *target
                }
                other => other.number()? == *target,
            },
        })
    }

    /// Integers, unless one of the two is another number.
    pub(super) fn order(self, other: Self) -> Result<Ordering, Fault<'s>> {
        if self.is_other_number() || other.is_other_number() {
            return Ok(self.number()?.compare(other.number()?));
        }
        Ok(self.integer()?.cmp(&other.integer()?))
    }

    #[cfg(test)]
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::Boolean,
            Self::Number(_) => Type::Number,
            Self::Text(_) => Type::Text,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "TRUE or FALSE",
            Self::Number => "a number",
            Self::Text => "a text",
        })
    }
}

/// For people: a text in quotes, and cut where it is long.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&short(text)),
        }
    }
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(key) => write!(f, "{key} is missing"),
            Self::Null(key) => write!(f, "{key} is null"),
            Self::Structure(key, what) => write!(f, "{key} is {what}, which is not a value"),
            Self::Unreadable(why) => write!(f, "the data are not JSON: {why}"),
            Self::Cast(value, wanted) => write!(f, "{value} is not {wanted}"),
            Self::Math(what) => write!(f, "the result {what}"),
            Self::Function(what) => f.write_str(what),
        }
    }
}
