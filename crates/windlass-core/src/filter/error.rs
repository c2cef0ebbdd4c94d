//! Why a text is not a filter, and where.

use crate::limits::{DATA_PATH, FILTER_TEXT_BYTES, FIND_BYTES, FIND_TERMS, FIND_VALUES};

/// Why a text is not a filter. Places are characters, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFilterError {
    /// A term without a colon.
    #[error(
        "at character {at}: `{text}` is not a filter term: expected name:value, such as {example}; a value with blanks \
         stands in quotes"
    )]
    Bare {
        /// Where it begins.
        at: usize,
        /// The text.
        text: String,
        /// A term of this noun.
        example: &'static str,
    },
    /// A name that is not known.
    #[error("at character {at}: `{name}` cannot be filtered by: {known}{hint}")]
    Unknown {
        /// Where it begins.
        at: usize,
        /// The name.
        name: String,
        /// The names there are.
        known: String,
        /// What may have been meant, as a phrase to append.
        hint: String,
    },
    /// No value behind the colon.
    #[error("at character {at}: `{name}:` needs a value")]
    Empty {
        /// Where the term begins.
        at: usize,
        /// Its name.
        name: String,
    },
    /// A value that means nothing to this name.
    #[error("at character {at}: {what}")]
    Value {
        /// Where it begins.
        at: usize,
        /// What is wrong with it, and what was expected.
        what: String,
    },
    /// A path where there is none, or none where there must be one.
    #[error("at character {at}: {what}")]
    Path {
        /// Where the term begins.
        at: usize,
        /// What was expected.
        what: String,
    },
    /// A path of more members than the limit.
    #[error("at character {at}: the path has more than {DATA_PATH} members")]
    Deep {
        /// Where the term begins.
        at: usize,
    },
    /// A term that cannot be negated.
    #[error(
        "at character {at}: `-{name}:` makes no sense: since and until are each other's opposite"
    )]
    Negated {
        /// Where the term begins.
        at: usize,
        /// Its name.
        name: String,
    },
    /// A quote that is not closed, or something right behind a closed one.
    #[error("at character {at}: {what}")]
    Quote {
        /// Where the quote opens, or what follows it stands.
        at: usize,
        /// Which of the two.
        what: &'static str,
    },
    /// A NUL character, which nothing stored has.
    #[error("at character {at}: has a NUL character, which nothing stored has")]
    Nul {
        /// Where it stands.
        at: usize,
    },
    /// A text that is too long.
    #[error("{bytes} bytes are above the limit of {FIND_BYTES} bytes for a filter")]
    Large {
        /// Its size.
        bytes: usize,
    },
    /// Too many terms.
    #[error("at character {at}: more than {FIND_TERMS} terms")]
    Terms {
        /// Where the first one too many begins.
        at: usize,
    },
    /// Too many values, all terms together.
    #[error("at character {at}: more than {FIND_VALUES} values")]
    Values {
        /// Where the first one too many begins.
        at: usize,
    },
    /// A value that is too long.
    #[error(
        "at character {at}: a value of {bytes} bytes is above the limit of {FILTER_TEXT_BYTES} bytes"
    )]
    Long {
        /// Where it begins.
        at: usize,
        /// Its size.
        bytes: usize,
    },
}
