//! Names of kinds and queues, and words that jobs are found by: what they may be made of.

use crate::limits::NAME_CHARS;

/// The PostgreSQL schema of a store whose URL names no other.
pub const DEFAULT_SCHEMA: &str = "windlass";

/// The queue of a kind that declares none. There is exactly one such name.
pub const DEFAULT_QUEUE: &str = "default";

/// A kind or queue name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name has no characters.
    #[error("a {what} needs a name")]
    Empty {
        /// `kind`, `queue`, `schedule`, `tag` or `subject type`.
        what: &'static str,
    },
    /// The name is longer than [`NAME_CHARS`].
    #[error("{what} name of {chars} characters is above the limit of {NAME_CHARS}")]
    Long {
        /// `kind`, `queue`, `schedule`, `tag` or `subject type`.
        what: &'static str,
        /// How long it is.
        chars: usize,
    },
    /// A path would mean another place by it.
    #[error("a {what} cannot be named `{name}`: a path would mean another place by it")]
    Dots {
        /// `kind`, `queue`, `schedule`, `tag` or `subject type`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A character is not allowed.
    #[error(
        "{what} `{}` has the character {found:?} at {at}: only letters, digits and . _ - : / may be used",
        .name.escape_debug()
    )]
    Character {
        /// `kind`, `queue`, `schedule`, `tag` or `subject type`.
        what: &'static str,
        /// The name.
        name: String,
        /// The character.
        found: char,
        /// Its place, in characters from 0.
        at: usize,
    },
}

/// Checks the name of a kind.
///
/// # Errors
/// When it is empty, too long or has a character other than letters, digits and `. _ - : /`.
pub fn check_kind(name: &str) -> Result<(), NameError> {
    check("kind", name)
}

/// Checks the name of a queue, by the same rule as a kind's.
///
/// # Errors
/// As [`check_kind`].
pub fn check_queue(name: &str) -> Result<(), NameError> {
    check("queue", name)
}

/// Checks the name of a schedule, by the same rule as a kind's.
///
/// # Errors
/// As [`check_kind`].
pub fn check_schedule(name: &str) -> Result<(), NameError> {
    check("schedule", name)
}

/// Checks a word of another sort, by the same rule.
/// Checks the type of an event, by the same rule as a kind's.
///
/// # Errors
/// As [`check_kind`].
pub fn check_event_type(name: &str) -> Result<(), NameError> {
    check("event type", name)
}

/// Checks the name of a subscription, by the same rule as a kind's.
///
/// # Errors
/// As [`check_kind`].
pub fn check_subscription(name: &str) -> Result<(), NameError> {
    check("subscription", name)
}

/// Checks the name of a source, by the same rule as a kind's, and in bytes: events have it in their source and subject.
///
/// # Errors
/// As [`check_kind`].
pub fn check_source(name: &str) -> Result<(), NameError> {
    check("source", name)?;
    let chars = name.len();
    if chars > NAME_CHARS { Err(NameError::Long { what: "source", chars }) } else { Ok(()) }
}

pub(crate) fn check_word(what: &'static str, name: &str) -> Result<(), NameError> {
    check(what, name)
}

fn check(what: &'static str, name: &str) -> Result<(), NameError> {
    let chars = name.chars().count();
    if chars == 0 {
        return Err(NameError::Empty { what });
    }
    if chars > NAME_CHARS {
        return Err(NameError::Long { what, chars });
    }
    // Browsers and clients take them out of the address of what has the name.
    if matches!(name, "." | "..") {
        return Err(NameError::Dots { what, name: name.to_owned() });
    }
    let stranger = |c: &char| !(c.is_alphanumeric() || "._-:/".contains(*c));
    match name.chars().enumerate().find(|(_, c)| stranger(c)) {
        Some((at, found)) => Err(NameError::Character { what, name: name.to_owned(), found, at }),
        None => Ok(()),
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any run of characters.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(check_kind("mail.welcome"), Ok(()));
        assert_eq!(check_queue("größe-2/a:b"), Ok(()));
        assert!(check_kind("").is_err());
        assert!(check_kind("a b").is_err());
        assert!(check_kind("a@2").is_err());
        for dots in [".", ".."] {
            assert!(check_schedule(dots).is_err() && check_subscription(dots).is_err(), "{dots}");
        }
        assert_eq!(check_kind("..."), Ok(()), "it is a name like any other");
        assert!(check_queue(&"x".repeat(129)).is_err());
        let refused = check_kind("a\u{1b}[31mb").map_err(|error| error.to_string());
        let told = refused.expect_err("a control character");
        assert!(told.starts_with(r"kind `a\u{1b}[31mb` has the character"), "{told}");
    }

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, name, fits) in [
            ("img.*", "img.thumb", true),
            ("img.*", "img", false),
            ("*", "", true),
            ("*.thumb", "img.thumb", true),
            ("i*.t*b", "img.thumb", true),
            ("img.thumb", "img.thumb", true),
            ("img", "img.thumb", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} on {name}");
        }
    }
}
