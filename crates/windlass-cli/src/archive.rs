//! Files with all that a store holds: how they are written, read and checked.

pub(crate) mod private;
pub(crate) mod reader;
pub(crate) mod writer;

use serde::{Deserialize, Serialize};

/// What a file begins with.
const FORMAT: &str = "windlass-backup";
/// Which form of it this program writes and reads.
const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    format: String,
    version: u32,
    /// The program that wrote it.
    pub(crate) windlass: String,
    /// `sqlite` or `postgres`.
    pub(crate) store: String,
    pub(crate) taken_at: String,
    /// Whether it has the tokens of the HTTP API.
    pub(crate) tokens: bool,
}

/// A line that begins a table.
#[derive(Debug, Serialize, Deserialize)]
struct Begins {
    table: String,
    columns: Vec<String>,
}

/// The last line: how many rows there are, and the SHA-256 of all lines before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) rows: u64,
    pub(crate) sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastLine {
    end: End,
}

/// What kind of store a URL names.
pub(crate) fn store_of(url: &str) -> &'static str {
    if url.starts_with("sqlite:") { "sqlite" } else { "postgres" }
}
