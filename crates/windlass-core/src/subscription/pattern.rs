//! Patterns of an event's type.

use std::fmt;
use std::str::FromStr;

use crate::limits::TYPE_PATTERN_BYTES;

/// The types of events that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypePattern {
    /// This type alone: `build.failed`.
    Exact(String),
    /// Types that have one segment or more behind these: `build.*` fits `build.failed` and `build.step.failed`, and
    /// does not fit `build`. The text ends with the dot.
    Prefix(String),
    /// Every type: `*`.
    Any,
}

/// Why a text is not a pattern of types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseTypeError {
    /// It has no characters.
    #[error("a type needs a name; `*` stands for every type")]
    Empty,
    /// It is longer than [`TYPE_PATTERN_BYTES`].
    #[error("{0} bytes are above the limit of {TYPE_PATTERN_BYTES} bytes for a type")]
    Long(usize),
    /// A `*` in another place than behind the last dot.
    #[error("`{}`: a `*` stands alone, or behind the last dot as in `build.*`", .0.escape_debug())]
    Star(String),
    /// A control character, which no type has.
    #[error("`{}` has a control character", .0.escape_debug())]
    Control(String),
}

impl TypePattern {
    /// Whether a type fits.
    #[must_use]
    pub fn fits(&self, kind: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == kind,
            Self::Prefix(prefix) => kind.len() > prefix.len() && kind.starts_with(&**prefix),
            Self::Any => true,
        }
    }

    /// Whether every type that fits the other fits this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Prefix(prefix), Self::Prefix(longer)) => longer.starts_with(&**prefix),
            (_, Self::Exact(exact)) => self.fits(exact),
            _ => false,
        }
    }
}

impl FromStr for TypePattern {
    type Err = ParseTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseTypeError::Empty);
        }
        if text.len() > TYPE_PATTERN_BYTES {
            return Err(ParseTypeError::Long(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(ParseTypeError::Control(text.to_owned()));
        }
        let (name, pattern) = match text.strip_suffix('*') {
            None => (text, Self::Exact(text.to_owned())),
            Some("") => return Ok(Self::Any),
            Some(prefix) => (prefix, Self::Prefix(prefix.to_owned())),
        };
        let is_prefix = name.len() < text.len();
        if name.contains('*') || (is_prefix && (name == "." || !name.ends_with('.'))) {
            return Err(ParseTypeError::Star(text.to_owned()));
        }
        Ok(pattern)
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Any => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> TypePattern {
        text.parse().expect(text)
    }

    #[test]
    fn a_prefix_wants_one_more_segment_at_least() {
        for (text, kind, fits) in [
            ("build.failed", "build.failed", true),
            ("build.failed", "build.failed.x", false),
            ("build.*", "build.failed", true),
            ("build.*", "build.step.failed", true),
            ("build.*", "build", false),
            ("build.*", "build.", false),
            ("build.*", "builder.x", false),
            ("*", "anything", true),
        ] {
            assert_eq!(pattern(text).fits(kind), fits, "{text} on {kind}");
            assert_eq!(pattern(text).to_string(), text);
        }
    }

    #[test]
    fn a_pattern_covers_what_fits_it() {
        for (text, other, covers) in [
            ("*", "build.*", true),
            ("build.*", "build.step.*", true),
            ("build.*", "build.failed", true),
            ("build.*", "build.*", true),
            ("build.step.*", "build.*", false),
            ("build.*", "*", false),
            ("build", "build.*", false),
        ] {
            assert_eq!(pattern(text).covers(&pattern(other)), covers, "{text} over {other}");
        }
    }

    #[test]
    fn what_is_not_a_pattern_is_refused() {
        let parse = |text: &str| text.parse::<TypePattern>();
        assert_eq!(parse(""), Err(ParseTypeError::Empty));
        for text in ["build*", "*.failed", "a.*.b", "**", ".*", "a.**"] {
            assert_eq!(parse(text), Err(ParseTypeError::Star(text.into())), "{text}");
        }
        assert_eq!(parse("a\0"), Err(ParseTypeError::Control("a\0".into())));
        assert_eq!(parse(&"a".repeat(1_000_000)), Err(ParseTypeError::Long(1_000_000)));
    }
}
