//! Operations as they stand.

use std::fmt;

use super::{Action, Skipped};
use crate::id::OperationId;
use crate::job::Filter;
use crate::subscription::Pace;
use crate::time::Timestamp;

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// It goes through its jobs.
    Running,
    /// It waits until it is resumed.
    Paused,
    /// It has been through all of its jobs.
    Done,
    /// It was stopped before.
    Stopped,
    /// What it did is taken back.
    Undoing,
    /// That is over.
    Undone,
}

impl OperationState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Paused, Self::Done, Self::Stopped, Self::Undoing, Self::Undone];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether rounds change anything.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Undoing)
    }
}

impl fmt::Display for OperationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Jobs that were changed.
    pub done: u64,
    /// Running jobs whose workers were told to stop: that cannot be undone.
    pub requested: u64,
    /// Jobs that were left as they were.
    pub skipped: Skipped,
    /// Jobs that were put back.
    pub undone: u64,
    /// Jobs that could not be put back.
    pub kept: Skipped,
}

impl Progress {
    /// Jobs that it has been through.
    #[must_use]
    pub fn looked(&self) -> u64 {
        self.done + self.requested + self.skipped.total()
    }
}

/// An operation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRecord {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub action: Action,
    /// To which jobs, with moments instead of times ago.
    pub filter: Filter,
    /// How many were expected.
    pub expect: Option<u64>,
    /// How many matched when it began: it goes through no more. `None` where counting took too long.
    pub matched: Option<u64>,
    /// At most so many jobs in a time.
    pub pace: Option<Pace>,
    /// For those who wonder why.
    pub note: Option<String>,
    /// Who began it.
    pub origin: Option<String>,
    /// How it stands.
    pub state: OperationState,
    /// How far it is.
    pub progress: Progress,
    /// When it began.
    pub created_at: Timestamp,
    /// When it, or its undoing, was over.
    pub ended_at: Option<Timestamp>,
    /// Until when it can be undone; `None` before its end, when it can be, and once it is.
    pub undo_until: Option<Timestamp>,
}
