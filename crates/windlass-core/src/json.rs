//! JSON text as it is stored: checked once at the edge, never parsed on the way.

mod path;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::limits::{ARGS_BYTES, OUTPUT_BYTES};

/// JSON text that every store can keep: valid, within the limit, without NUL and without half
/// a surrogate pair.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Box<str>);

/// Why a text was refused as JSON. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More bytes than allowed.
    #[error("{bytes} bytes of JSON are above the limit of {limit} bytes; nothing was stored")]
    Large {
        /// The size of the text.
        bytes: usize,
        /// The limit it is above.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("invalid UTF-8 at byte {at}")]
    Utf8 {
        /// Bytes before the first wrong one.
        at: usize,
    },
    /// Not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A NUL character, raw or escaped, which PostgreSQL cannot keep.
    #[error("NUL character at byte {at}: it cannot be stored")]
    Nul {
        /// Bytes before it.
        at: usize,
    },
    /// Half of a surrogate pair, which is not a character.
    #[error("lone surrogate escape at byte {at}: it is not a character")]
    Surrogate {
        /// Bytes before it.
        at: usize,
    },
}

impl Json {
    /// Checks a text against the limit for args.
    ///
    /// # Errors
    /// When it is too large, not JSON, or has a character no store can keep; the error names
    /// the size or the place.
    pub fn args(text: impl Into<String>) -> Result<Self, JsonError> {
        Self::checked(text.into(), ARGS_BYTES)
    }

    /// Checks bytes as they came from a file or a pipe, against the limit for args.
    ///
    /// # Errors
    /// As [`Json::args`], and when they are not UTF-8.
    pub fn args_from_bytes(bytes: Vec<u8>) -> Result<Self, JsonError> {
        let text = String::from_utf8(bytes)
            .map_err(|error| JsonError::Utf8 { at: error.utf8_error().valid_up_to() })?;
        Self::args(text)
    }

    /// A value's JSON, checked against the limit for args.
    ///
    /// # Errors
    /// As [`Json::args`], and when the value cannot be written as JSON.
    pub fn args_of<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        Self::args(write(value)?)
    }

    /// A value's JSON as a job's output.
    ///
    /// # Errors
    /// As [`Json::args_of`], against the limit for outputs.
    pub fn output_of<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        Self::output(write(value)?)
    }

    /// Checks a text against the limit for outputs.
    ///
    /// # Errors
    /// As [`Json::args`].
    pub fn output(text: impl Into<String>) -> Result<Self, JsonError> {
        Self::checked(text.into(), OUTPUT_BYTES)
    }

    /// A text that a store gave back. It is trusted to be what was once checked; a handler that
    /// cannot read it reports it as malformed.
    #[must_use]
    pub fn stored(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the text as a value.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(&self.0)
    }

    /// Which value is not what [`Json::read`] expects, such as `items.0.sku`; empty where that is all of the text.
    pub(crate) fn misfit<T: DeserializeOwned>(&self) -> String {
        path::of::<T>(&self.0)
    }

    /// The value as a part of a name: a text without its quotes; none where it is null. Used by the derives.
    #[doc(hidden)]
    #[must_use]
    pub fn name_part(&self) -> Option<Cow<'_, str>> {
        match self.as_str() {
            "null" => None,
            text => Some(self.read::<String>().map_or(text.into(), Into::into)),
        }
    }

    fn checked(text: String, limit: usize) -> Result<Self, JsonError> {
        if text.len() > limit {
            return Err(JsonError::Large { bytes: text.len(), limit });
        }
        if let Some(at) = text.bytes().position(|byte| byte == 0) {
            return Err(JsonError::Nul { at });
        }
        serde_json::from_str::<IgnoredAny>(&text)
            .map_err(|error| JsonError::Syntax(error.to_string()))?;
        check_escapes(text.as_bytes())?;
        Ok(Self(text.into()))
    }
}

/// An error of reading JSON without the value that stood there, which serde puts into its words: `invalid type: string, expected u64`.
pub(crate) fn without_value(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let begins =
        ["invalid type: ", "invalid value: "].into_iter().find(|word| text.starts_with(word));
    let (Some(begin), Some(end)) = (begins, text.rfind(", expected ")) else { return text };
    let found = &text[begin.len()..end.max(begin.len())];
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    format!("{begin}{kind}{}", &text[end..])
}

fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    serde_json::to_string(value).map_err(|error| JsonError::Syntax(error.to_string()))
}

/// Looks at every `\u` escape of a text that is valid JSON.
fn check_escapes(text: &[u8]) -> Result<(), JsonError> {
    let unit_at = |at: usize| -> Option<u16> {
        let escape = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match unit_at(at) {
            None => at += 2,
            Some(0) => return Err(JsonError::Nul { at }),
            Some(0xD800..=0xDBFF) => match unit_at(at + 6) {
                Some(0xDC00..=0xDFFF) => at += 12,
                _ => return Err(JsonError::Surrogate { at }),
            },
            Some(0xDC00..=0xDFFF) => return Err(JsonError::Surrogate { at }),
            Some(_) => at += 6,
        }
    }
    Ok(())
}

/// A text any store can keep: NUL replaced, at most `limit` bytes, with a mark where it was cut.
#[must_use]
pub fn storable_text(text: &str, limit: usize) -> String {
    let clean = text.replace('\0', "\u{FFFD}");
    if clean.len() <= limit {
        return clean;
    }
    let cut = (0..=limit).rev().find(|at| clean.is_char_boundary(*at)).unwrap_or(0);
    format!("{}… [cut: {} of {} bytes kept]", &clean[..cut], cut, clean.len())
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&serde_json::value::RawValue>(&self.0) {
            Ok(raw) => raw.serialize(serializer),
            Err(_) => self.0.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T5, X13: refused with the size and the limit, never cut.
    /// What a handler expects is told, and not what it was given.
    #[test]
    fn an_error_is_told_without_the_value() {
        let told = |text: &str| {
            let error = serde_json::from_str::<(u8, u8)>(text).expect_err("it does not fit");
            without_value(&error)
        };
        assert_eq!(
            told(r#"["4111, expected `u8`", 1]"#),
            "invalid type: string, expected u8 at line 1 column 22"
        );
        assert_eq!(told("[4111, 1]"), "invalid value: integer, expected u8 at line 1 column 5");
        assert_eq!(told("[true, 1]"), "invalid type: boolean, expected u8 at line 1 column 5");
        assert_eq!(
            told("null"),
            "invalid type: null, expected a tuple of size 2 at line 1 column 4"
        );
        assert!(told("[1").starts_with("EOF while parsing"));
    }

    #[test]
    fn a_text_above_the_limit_is_refused_with_both_numbers() {
        let text = format!("\"{}\"", "x".repeat(ARGS_BYTES - 1));
        let error = JsonError::Large { bytes: ARGS_BYTES + 1, limit: ARGS_BYTES };
        assert_eq!(Json::args(text), Err(error));
        assert!(Json::args(format!("\"{}\"", "x".repeat(ARGS_BYTES - 2))).is_ok());
    }

    #[test]
    fn what_no_store_can_keep_is_refused_with_its_place() {
        assert_eq!(Json::args(r#"{"a":"\u0000"}"#), Err(JsonError::Nul { at: 6 }));
        assert_eq!(Json::args("\"a\0\""), Err(JsonError::Nul { at: 2 }));
        assert_eq!(Json::args(r#""\ud800""#), Err(JsonError::Surrogate { at: 1 }));
        assert_eq!(Json::args(r#""\udc00\ud800""#), Err(JsonError::Surrogate { at: 1 }));
        assert_eq!(Json::args_from_bytes(vec![b'"', 0xFF, b'"']), Err(JsonError::Utf8 { at: 1 }));
        assert!(matches!(Json::args("{\"a\":}"), Err(JsonError::Syntax(_))));
    }

    #[test]
    fn what_looks_like_it_but_is_not_passes() {
        for text in [r#""\\u0000""#, r#""\ud83d\ude00""#, r#""\u00e9""#, r#""\\\\""#, "null"] {
            assert_eq!(Json::args(text).map(|json| json.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_long_text_says_that_it_was_cut() {
        assert_eq!(storable_text("a\0b", 10), "a\u{FFFD}b");
        let cut = storable_text(&"é".repeat(10), 5);
        assert!(cut.starts_with("éé…") && cut.contains("4 of 20 bytes"), "{cut}");
    }
}
