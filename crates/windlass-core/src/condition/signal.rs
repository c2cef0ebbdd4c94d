//! Signals: what is told to all who wait for a key.

use serde::Serialize;

use crate::error::Refusal;
use crate::job::check_key;
use crate::json::Json;
use crate::time::Timestamp;

/// That something has happened, or will not: told by its key, once. The first one counts; what comes later with the same key
/// is a duplicate, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What it is about, such as `wrap-up:42`.
    pub key: String,
    /// What those who wait get with it.
    pub data: Option<Json>,
    /// Whether it says that it will not come: nobody waits for it any more.
    pub is_withdrawn: bool,
    /// Who tells it, for people.
    pub origin: Option<String>,
}

impl Signal {
    /// It has come.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), data: None, is_withdrawn: false, origin: None }
    }

    /// It has come, with this.
    #[must_use]
    pub fn with(mut self, data: Json) -> Self {
        self.data = Some(data);
        self
    }

    /// It will not come. Who waits for it waits for what else there is.
    #[must_use]
    pub fn withdrawn(key: impl Into<String>) -> Self {
        Self { is_withdrawn: true, ..Self::new(key) }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn check(&self) -> Result<(), Refusal> {
        check_key("a signal's key", &self.key)
    }
}

/// A signal that has come, or was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalRecord {
    /// When.
    pub came_at: Timestamp,
    /// Whether it says that it will not come.
    pub is_withdrawn: bool,
    /// What it brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// Who told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// What came of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Signalled {
    /// What happened.
    pub answer: SignalAnswer,
    /// How many conditions it met, or took away.
    pub conditions: u64,
}

/// What happened to a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SignalAnswer {
    /// Jobs waited for it.
    Met,
    /// Nobody has waited for it yet: it is kept for those who will.
    Kept,
    /// It has come, or was withdrawn, before: the first one counts.
    Duplicate,
    /// Those who waited for it do not any more: their deadline has passed, it was waived, or they were cancelled.
    Late,
}

impl SignalAnswer {
    /// The word for it, the same in Rust, SQL, CLI and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Kept => "kept",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
        }
    }

    /// The answer of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Met, Self::Kept, Self::Duplicate, Self::Late]
            .into_iter()
            .find(|one| one.word() == word)
    }
}

/// What came of waiving a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Waived {
    /// The job does not wait for it any more.
    Now,
    /// It was not open: it was met, waived or withdrawn, or its job does not wait.
    Unneeded,
    /// There is no such condition, or no such job.
    Missing,
}
