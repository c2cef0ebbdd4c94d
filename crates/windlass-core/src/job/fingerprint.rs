//! What tells errors of one cause from others, though each names another thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::JobRecord;

/// So much of an error's first line counts.
const LINE_CHARS: usize = 300;
/// Letters and digits that are together as long as this, some of them digits, name something.
const ID_CHARS: usize = 16;
/// The same where they are hexadecimal.
const HEX_CHARS: usize = 8;
/// Of a digest, as much as is written out.
const BITS: u32 = 48;

/// Which jobs failed alike: those of one kind whose last error has the same first line except for numbers, ids and texts in quotes.
///
/// It is the FNV-1a digest, cut to 48 bits, of kind and line as [`Fingerprint::of`] reads them, so that it is the same on every
/// store and in every version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// That of an error of a job of this kind.
    ///
    /// ```
    /// # use windlass_core::job::Fingerprint;
    /// let of = |error| Fingerprint::of("img.thumb", error);
    /// assert_eq!(of("asset 7: timed out after 30s"), of("asset 12: timed out after 31s"));
    /// assert_ne!(of("asset 7: timed out after 30s"), of("asset 7: not found"));
    /// ```
    #[must_use]
    pub fn of(kind: &str, error: &str) -> Self {
        let line = general(error);
        let bytes = kind.bytes().chain([0]).chain(line.bytes());
        // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
        let digest = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(digest >> (u64::BITS - BITS))
    }

    /// That of a job whose last attempt failed, or which is dead for another reason; none of other jobs.
    #[must_use]
    pub fn of_job(job: &JobRecord) -> Option<Self> {
        job.last_error().map(|error| Self::of(&job.kind, error))
    }
}

/// The first line of an error that says something, without what differs from one job to the next.
fn general(error: &str) -> String {
    let line = error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line: String = line.chars().take(LINE_CHARS).collect();
    let mut general = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(first) = rest.chars().next() {
        // An apostrophe inside a word begins no text.
        let follows_word = general.ends_with(char::is_alphanumeric);
        let end = match first {
            '"' | '`' | '\'' if !follows_word => quoted(rest, first),
            _ => None,
        };
        if let Some(end) = end {
            general.push_str("\"\"");
            rest = &rest[end..];
        } else if first.is_alphanumeric() {
            let end = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
            push_word(&rest[..end], &mut general);
            rest = &rest[end..];
        } else {
            if !first.is_whitespace() {
                general.push(first);
            } else if !general.ends_with(' ') {
                general.push(' ');
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    general
}

/// Behind the quote that ends a text. An apostrophe inside a word ends none.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let end = rest[1..].find(quote)? + 2;
    let follows_word = rest[end..].chars().next().is_some_and(char::is_alphanumeric);
    (!follows_word).then_some(end)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// A word with a mark for each of its numbers, or one for all of it where it is an id.
fn push_word(word: &str, general: &mut String) {
    if !word.contains(|c: char| c.is_ascii_digit()) {
        general.push_str(word);
        return;
    }
    let is_hex = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    // Words of a language are not as long between two marks.
    let longest = word.split(['_', '-']).map(str::len).max().unwrap_or(0);
    if longest >= ID_CHARS || (is_hex && word.len() >= HEX_CHARS) {
        general.push('@');
        return;
    }
    let mut was_digit = false;
    for c in word.chars() {
        let is_digit = c.is_ascii_digit();
        match (is_digit, was_digit) {
            (true, true) => {}
            (true, false) => general.push('#'),
            (false, _) => general.push(c),
        }
        was_digit = is_digit;
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

/// What is not the fingerprint of an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a fingerprint: 12 digits of 0 to 9 and a to f, as `windlass error list` has them"
)]
pub struct ParseFingerprintError(String);

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| is_hex);
        number.map(Self).ok_or_else(|| ParseFingerprintError(text.chars().take(80).collect()))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_job_to_job_does_not_count() {
        for (error, line) in [
            ("connection to 10.0.0.7:5432 refused", "connection to #.#.#.#:# refused"),
            ("\n  no user \"ana\" in 'eu-west'\n  at main.rs:7", "no user \"\" in \"\""),
            ("job_01KAHT5V3X5W9GNQ6D4R3ZCE7M is gone", "@ is gone"),
            ("row 6f9619ff-8b86-d011-b42d-00cf4fc964ff locked", "row @ locked"),
            ("it doesn't work, won't it", "it doesn't work, won't it"),
            ("an open \" quote", "an open \" quote"),
            ("couldn't open '/var/a.png'", "couldn't open \"\""),
            ("worker_thread_pool_1 failed", "worker_thread_pool_# failed"),
            ("utf8 error at byte 12", "utf# error at byte #"),
            ("deadbeef is a word, 1eadbeef an id", "deadbeef is a word, @ an id"),
            ("überlauf 3 → 4", "überlauf # → #"),
            ("", ""),
        ] {
            assert_eq!(general(error), line, "{error}");
        }
        assert_ne!(Fingerprint::of("a", "bx"), Fingerprint::of("ab", "x"));
    }

    /// Kept by scripts and in links: it never changes.
    #[test]
    fn a_fingerprint_stays_as_it_is() {
        let one = Fingerprint::of("img.thumb", "Decode: unexpected end of file 17");
        assert_eq!(one.to_string(), "a8eb4fa9c7e6");
        assert_eq!(one.to_string().parse(), Ok(one));
        for no in ["", "7c1e", "zzzzzzzzzzzz", "+00000000001"] {
            assert!(no.parse::<Fingerprint>().is_err(), "{no}");
        }
    }
}
