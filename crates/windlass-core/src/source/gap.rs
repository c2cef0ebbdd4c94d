//! What a feed did not give, and what is done then.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::EventId;
use crate::time::Timestamp;

/// A word that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not one of: {known}", .word.escape_debug())]
pub struct ParseWordError {
    /// The word.
    pub word: String,
    /// The words there are.
    pub known: &'static str,
}

/// What is done where a feed has lost records that were not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnGap {
    /// Nothing more is imported until a person says so.
    Stop,
    /// It is noted, and the source goes on with what there is.
    Skip,
    /// The source goes on with what there is. The gap stays open until somebody says that it is closed, such as a job that a
    /// subscription to the gap's event made.
    #[default]
    Resync,
}

impl OnGap {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Skip => "skip",
            Self::Resync => "resync",
        }
    }
}

impl FromStr for OnGap {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        let all = [Self::Stop, Self::Skip, Self::Resync];
        let error = || ParseWordError { word: word.to_owned(), known: "stop, skip, resync" };
        all.into_iter().find(|one| one.word() == word).ok_or_else(error)
    }
}

/// What a feed lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// Records that it does not have any more.
    Gap,
    /// It ends before what was read: it has begun again.
    Reset,
}

impl Lack {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Reset => "reset",
        }
    }
}

impl FromStr for Lack {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        let error = || ParseWordError { word: word.to_owned(), known: "gap, reset" };
        [Self::Gap, Self::Reset].into_iter().find(|one| one.word() == word).ok_or_else(error)
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A gap that was found now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGap {
    /// The event that tells of it.
    pub event: EventId,
    /// What is lacking.
    pub why: Lack,
    /// The first number that is; of a reset, the number up to which was read.
    pub from: Option<u64>,
    /// The last one; of a reset, the number with which the feed ends now.
    pub to: Option<u64>,
    /// The cursor that was asked with.
    pub cursor: Option<String>,
    /// What was done.
    pub answer: OnGap,
}

/// A gap as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceGap {
    /// The event that tells of it.
    pub event: EventId,
    /// What is lacking.
    pub why: Lack,
    /// The first number that is; of a reset, the number up to which was read.
    pub from: Option<u64>,
    /// The last one; of a reset, the number with which the feed ended.
    pub to: Option<u64>,
    /// The cursor that was asked with.
    pub cursor: Option<String>,
    /// What was done.
    pub answer: OnGap,
    /// When it was found.
    pub at: Timestamp,
    /// When it was closed: at once where it was skipped.
    pub closed_at: Option<Timestamp>,
}
