//! What a predicate looks at: an attribute of the event, or a member of its data.

use std::fmt::{self, Write as _};

use crate::filter::Path;
use crate::limits::DATA_PATH;

/// The name that stands for an event's data; CloudEvents allow no attribute of this name.
pub(crate) const DATA: &str = "data";
/// Characters of an attribute's name, by CloudEvents.
const NAME_CHARS: usize = 20;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// An attribute, by its name.
    Attribute(Box<str>),
    /// The data, or a member of them.
    Data(Vec<Member>),
}

/// One step into data: a member of an object, or a place in an array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    /// The name in an object.
    pub(crate) name: Box<str>,
    /// The place in an array, from 0.
    pub(crate) place: Option<usize>,
}

impl Key {
    /// Reads the key of an `exact`, `prefix` or `suffix`; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix(DATA) {
            Some("") => Ok(Self::Data(Vec::new())),
            Some(rest) if rest.starts_with('.') => members(rest).map(Self::Data),
            _ => Self::attribute(text),
        }
    }

    /// Checks the name of an attribute.
    pub(crate) fn attribute(name: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if (1..=NAME_CHARS).contains(&name.len()) && name.chars().all(allowed) {
            return Ok(Self::Attribute(name.into()));
        }
        let root = name.split('.').next().unwrap_or_default();
        if root.len() < name.len() && Self::attribute(root).is_ok() {
            return Err(format!("only {DATA} has members, {root} has none"));
        }
        Err(format!(
            "an attribute's name has 1 to {NAME_CHARS} lower-case letters and digits; \
             members of the data are looked at by {DATA}.name"
        ))
    }

    pub(crate) fn is_data(&self) -> bool {
        matches!(self, Self::Data(_))
    }

    /// Where in the data it is; none for an attribute.
    pub(crate) fn data_path(&self) -> Option<Path> {
        match self {
            Self::Attribute(_) => None,
            Self::Data(members) => Some(Path::new(members.iter().map(|member| &*member.name))),
        }
    }

    /// Whether the attribute is a text in every event.
    pub(crate) fn is_always_text(&self) -> bool {
        let texts = ["id", "source", "specversion", "subject", "time", "type"];
        matches!(self, Self::Attribute(name) if texts.contains(&&**name))
    }

    /// As the key of a JSON object, where more characters need no quotes than in an expression.
    pub(crate) fn json_key(&self) -> String {
        self.written(|c| !(c == '.' || c == '"' || c == '\\' || c.is_control()))
    }

    fn written(&self, bare: fn(char) -> bool) -> String {
        match self {
            Self::Attribute(name) => name.to_string(),
            Self::Data(members) => {
                let mut text = DATA.to_owned();
                for Member { name, .. } in members {
                    text.push('.');
                    if !name.is_empty() && name.chars().all(bare) {
                        text.push_str(name);
                    } else {
                        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
                        let _ = write!(text, "\"{quoted}\"");
                    }
                }
                text
            }
        }
    }
}

/// As it is written in an SQL expression.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(is_bare))
    }
}

/// Whether a member's name needs no quotes in an SQL expression for this character.
pub(crate) fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Member {
    pub(crate) fn new(name: &str) -> Self {
        let is_place = name.bytes().all(|byte| byte.is_ascii_digit())
            && (name.len() == 1 || !name.starts_with('0'));
        Self { name: name.into(), place: is_place.then(|| name.parse().ok()).flatten() }
    }
}

/// Checks the length of a path.
pub(crate) fn check_path(members: &[Member]) -> Result<(), String> {
    if members.len() > DATA_PATH {
        return Err(format!("{} members are above the limit of {DATA_PATH}", members.len()));
    }
    Ok(())
}

/// The name in quotes that a text begins with, and the bytes it takes there; `None` where the quotes are not closed.
/// Inside of them `\"` is a quote and `\\` a backslash.
pub(crate) fn quoted(text: &str) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, at + 1)),
            '\\' => name.push(chars.next()?.1),
            other => name.push(other),
        }
    }
    None
}

fn members(mut rest: &str) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    while let Some(behind) = rest.strip_prefix('.') {
        let (name, bytes) = if behind.starts_with('"') {
            quoted(behind).ok_or("a name in quotes is not closed by a second \"")?
        } else {
            let bytes = behind.find('.').unwrap_or(behind.len());
            (behind[..bytes].to_owned(), bytes)
        };
        if bytes == 0 {
            return Err("a member between two dots, or behind the last one, has no name".into());
        }
        members.push(Member::new(&name));
        rest = &behind[bytes..];
    }
    if !rest.is_empty() {
        return Err("a name in quotes is followed by something else than a dot".into());
    }
    check_path(&members)?;
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_text() {
        let cases =
            ["subject", "data", "data.a", "data.items.0.sku", "data.x-y z", r#"data."a.b".c"#];
        for text in cases {
            assert_eq!(Key::parse(text).map(|key| key.json_key()), Ok(text.to_owned()));
        }
        let key = Key::parse("data.x-y.größe.0").expect("a path");
        assert_eq!(key.to_string(), r#"data."x-y".größe.0"#);
        assert_eq!(Key::parse(&key.to_string()), Ok(key));
        let odd = Key::Data(vec![Member::new("a\"\\.\u{0}"), Member::new("")]);
        assert_eq!(Key::parse(&odd.json_key()), Ok(odd));
    }

    #[test]
    fn only_digits_without_a_leading_zero_are_a_place() {
        let place = |name: &str| Member::new(name).place;
        assert_eq!(
            [place("0"), place("12"), place("99999999999999999999")],
            [Some(0), Some(12), None]
        );
        assert_eq!([place("007"), place("-1"), place("1a"), place("")], [None; 4]);
    }

    #[test]
    fn a_wrong_key_is_refused_with_what_is_wrong() {
        for (text, part) in [
            ("", "1 to 20 lower-case letters"),
            ("Subject", "1 to 20 lower-case letters"),
            ("averyveryverylongname1", "1 to 20 lower-case letters"),
            ("naïve", "1 to 20 lower-case letters"),
            ("source.x", "only data has members, source has none"),
            ("data.", "has no name"),
            ("data..a", "has no name"),
            ("data.\"a", "not closed"),
            ("data.\"a\\\"", "not closed"),
            ("data.\"a\"b", "something else than a dot"),
        ] {
            let error = Key::parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        let long = format!("data{}", ".a".repeat(DATA_PATH + 1));
        assert_eq!(Key::parse(&long), Err("17 members are above the limit of 16".into()));
    }
}
