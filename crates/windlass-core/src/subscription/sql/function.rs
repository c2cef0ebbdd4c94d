//! The functions of CESQL.

use std::borrow::Cow;

use super::tree::Type;
use super::value::{Fault, Value};
use crate::limits::SQL_RESULT_BYTES;
use crate::subscription::number::Number;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    Bool,
    Concat,
    ConcatWs,
    Int,
    Left,
    Length,
    Lower,
    Right,
    String,
    Substring,
    Trim,
    Upper,
}

/// Of a function: its name, how many arguments it takes, and what it gives.
struct Declared(Function, &'static str, usize, usize, Type);

const ANY: usize = usize::MAX;

static DECLARED: [Declared; 13] = [
    Declared(Function::Abs, "ABS", 1, 1, Type::Number),
    Declared(Function::Bool, "BOOL", 1, 1, Type::Boolean),
    Declared(Function::Concat, "CONCAT", 0, ANY, Type::Text),
    Declared(Function::ConcatWs, "CONCAT_WS", 1, ANY, Type::Text),
    Declared(Function::Int, "INT", 1, 1, Type::Number),
    Declared(Function::Left, "LEFT", 2, 2, Type::Text),
    Declared(Function::Length, "LENGTH", 1, 1, Type::Number),
    Declared(Function::Lower, "LOWER", 1, 1, Type::Text),
    Declared(Function::Right, "RIGHT", 2, 2, Type::Text),
    Declared(Function::String, "STRING", 1, 1, Type::Text),
    Declared(Function::Substring, "SUBSTRING", 2, 3, Type::Text),
    Declared(Function::Trim, "TRIM", 1, 1, Type::Text),
    Declared(Function::Upper, "UPPER", 1, 1, Type::Text),
];

impl Function {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        DECLARED.iter().find(|one| one.1.eq_ignore_ascii_case(name)).map(|one| one.0)
    }

    pub(super) fn names() -> Vec<&'static str> {
        DECLARED.iter().map(|one| one.1).collect()
    }

    pub(super) fn name(self) -> &'static str {
        self.declared().1
    }

    pub(super) fn gives(self) -> Type {
        self.declared().4
    }

    /// How many arguments it takes, where this many are wrong.
    pub(super) fn refuses(self, arguments: usize) -> Option<String> {
        let &Declared(_, name, least, most, _) = self.declared();
        let takes = match (least, most) {
            _ if (least..=most).contains(&arguments) => return None,
            (1, 1) => "1 argument".to_owned(),
            (least, ANY) => format!("{least} argument or more"),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} or {most} arguments"),
        };
        Some(format!("{name} takes {takes}, found {arguments}"))
    }

    fn declared(self) -> &'static Declared {
        DECLARED.iter().find(|one| one.0 == self).expect("each function has a row")
    }

    /// Of as many arguments as it takes; otherwise it is a fault.
    pub(super) fn call<'s>(self, arguments: Vec<Value<'s>>) -> Result<Value<'s>, Fault<'s>> {
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next().ok_or(Fault::Function("an argument is missing"));
        Ok(match self {
            Self::Abs => {
                let whole = next()?.integer()?;
                whole.checked_abs().map(Value::integer_of).ok_or(Fault::Math("is too large"))?
            }
            Self::Bool => Value::Boolean(next()?.boolean()?),
            Self::Int => Value::integer_of(next()?.integer()?),
            Self::String => Value::Text(next()?.text()),
            Self::Length => Value::Number(Number::Whole(next()?.text().chars().count() as i128)),
            Self::Lower => Value::Text(next()?.text().to_lowercase().into()),
            Self::Upper => Value::Text(next()?.text().to_uppercase().into()),
            Self::Trim => Value::Text(cut(next()?.text(), str::trim)),
            Self::Left => {
                let (text, count) = (next()?.text(), length(next()?)?);
                Value::Text(cut(text, |text| &text[..nth(text, count)]))
            }
            Self::Right => {
                let (text, count) = (next()?.text(), length(next()?)?);
                let passed = text.chars().count().saturating_sub(count);
                Value::Text(cut(text, |text| &text[nth(text, passed)..]))
            }
            Self::Substring => {
                let (text, from) = (next()?.text(), next()?.integer()?);
                Value::Text(substring(text, from, arguments.next())?)
            }
            Self::Concat => Value::Text(joined(arguments, "")?),
            Self::ConcatWs => {
                let delimiter = next()?.text();
                Value::Text(joined(arguments, &delimiter)?)
            }
        })
    }
}

fn length<'s>(value: Value<'s>) -> Result<usize, Fault<'s>> {
    usize::try_from(value.integer()?).map_err(|_| Fault::Function("the length is negative"))
}

/// The byte at which the character of this number begins, or the end.
fn nth(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

/// A part of a text, borrowed where the text is.
fn cut<'s>(text: Cow<'s, str>, part: impl Fn(&str) -> &str) -> Cow<'s, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(part(text)),
        Cow::Owned(text) => Cow::Owned(part(&text).to_owned()),
    }
}

/// Characters count from 1, or from the end where `from` is negative.
fn substring<'s>(
    text: Cow<'s, str>,
    from: i32,
    count: Option<Value<'s>>,
) -> Result<Cow<'s, str>, Fault<'s>> {
    let count = count.map(length).transpose()?;
    let (chars, place) = (text.chars().count(), from.unsigned_abs() as usize);
    if place > chars {
        return Err(Fault::Function("the place is outside of the text"));
    }
    let passed = match from {
        0 => return Ok(Cow::Borrowed("")),
        1.. => place - 1,
        _ => chars - place,
    };
    Ok(cut(text, |text| {
        let rest = &text[nth(text, passed)..];
        &rest[..count.map_or(rest.len(), |count| nth(rest, count))]
    }))
}

fn joined<'s>(
    values: impl Iterator<Item = Value<'s>>,
    delimiter: &str,
) -> Result<Cow<'s, str>, Fault<'s>> {
    let mut joined = String::new();
    for (nth, value) in values.enumerate() {
        if nth > 0 {
            joined.push_str(delimiter);
        }
        joined.push_str(&value.text());
        if joined.len() > SQL_RESULT_BYTES {
            return Err(Fault::Function("the text is above the limit of 1 MiB"));
        }
    }
    Ok(joined.into())
}
