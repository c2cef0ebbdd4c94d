//! What an operation does to each of its jobs.

use std::fmt;

use crate::error::Refusal;
use crate::job::{Field, Filter};
use crate::json::storable_text;
use crate::limits::ERROR_BYTES;
use crate::name::check_queue;

/// What is done to each job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is available again, at once, with its failures and losses at zero.
    Retry,
    /// It never starts; where it runs its worker is told, which cannot be undone.
    Cancel {
        /// Why, kept with the job.
        reason: String,
    },
    /// It is given to another queue.
    Move {
        /// The queue.
        queue: String,
    },
    /// It is removed, with all that belongs to it, where it has ended.
    Delete,
}

impl Action {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel { .. } => "cancel",
            Self::Move { .. } => "move",
            Self::Delete => "delete",
        }
    }

    /// What it needs beside its word: a cancel's reason, a move's queue.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Cancel { reason } => Some(reason),
            Self::Move { queue } => Some(queue),
            Self::Retry | Self::Delete => None,
        }
    }

    /// The action of a word and what it needs.
    #[must_use]
    pub fn of(word: &str, detail: Option<&str>) -> Option<Self> {
        let detail = detail.unwrap_or_default().to_owned();
        Some(match word {
            "retry" => Self::Retry,
            "cancel" => Self::Cancel { reason: detail },
            "move" => Self::Move { queue: detail },
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    /// The states meant by a filter that names none, as a term of one.
    #[must_use]
    pub const fn usual_states(&self) -> &'static str {
        match self {
            Self::Retry => "state:dead",
            Self::Cancel { .. } => "-state:completed,cancelled,dead",
            Self::Move { .. } => "state:waiting,scheduled,available,retryable",
            Self::Delete => "state:completed,cancelled,dead",
        }
    }

    /// The filter with the usual states, where it names none.
    #[must_use]
    pub fn with_usual_states(&self, mut filter: Filter) -> Filter {
        if !filter.terms.iter().any(|term| matches!(term.field, Field::State(_))) {
            let usual: Filter = self.usual_states().parse().unwrap_or_default();
            filter.terms.splice(0..0, usual.terms);
        }
        filter
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Move { queue } => check_queue(queue).map_err(Refusal::from),
            Self::Retry | Self::Cancel { .. } | Self::Delete => Ok(()),
        }
    }

    /// As it can be stored: a long reason is cut, as that of a single cancel is.
    pub(super) fn storable(self) -> Self {
        match self {
            Self::Cancel { reason } => Self::Cancel { reason: storable_text(&reason, ERROR_BYTES) },
            other => other,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
