//! Feeds over HTTP, as the sources of `windlass.toml` read them.
//!
//! A reader splits a page into records and says what the feed says of itself; the mapping, which is the same for all readers, makes
//! an event of a record. What it cannot make one of is put aside with its reason, and read again by the same mapping.

mod atom;
mod http;
mod json_lines;
mod mapping;

pub(crate) use http::{HttpFeed, HttpSource, Said, token};
pub(crate) use mapping::{Mapping, Template};

/// The form of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON object on each line, or an array of them.
    JsonLines,
    /// Atom, RFC 4287.
    Atom,
}

impl Form {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::JsonLines => "json-lines",
            Self::Atom => "atom",
        }
    }
}
