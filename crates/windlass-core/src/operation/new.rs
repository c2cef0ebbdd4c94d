//! An operation that is to begin, and what it would find.

use std::collections::BTreeMap;

use super::Action;
use crate::error::{Refusal, StoreError};
use crate::id::OperationId;
use crate::job::{Filter, JobRecord, State};
use crate::limits::{NOTE_BYTES, OPERATION_FILTER_BYTES};
use crate::subscription::Pace;
use crate::time::Timestamp;

/// An operation that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOperation {
    /// Its id: a second call with it begins no second operation.
    pub id: OperationId,
    /// What is done.
    pub action: Action,
    /// To which jobs.
    pub filter: Filter,
    /// It begins only where exactly so many match.
    pub expect: Option<u64>,
    /// At most so many jobs in a time.
    pub pace: Option<Pace>,
    /// For those who wonder why.
    pub note: Option<String>,
    /// Who began it.
    pub origin: Option<String>,
}

impl NewOperation {
    /// This, to all jobs that match; a filter that names no state means the action's usual ones.
    #[must_use]
    pub fn new(action: Action, filter: Filter) -> Self {
        let filter = action.with_usual_states(filter);
        let action = action.storable();
        let id = OperationId::new();
        Self { id, action, filter, expect: None, pace: None, note: None, origin: None }
    }

    /// Begins only where exactly so many match.
    #[must_use]
    pub const fn expect(mut self, jobs: u64) -> Self {
        self.expect = Some(jobs);
        self
    }

    /// At most so many jobs in a time; as quickly as the others allow unless it is said.
    #[must_use]
    pub const fn pace(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// For those who wonder why.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// How many jobs it goes through, of so many that were counted; nothing where they were too many to count.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it expects another number.
    pub fn matched(&self, counted: &Preview) -> Result<Option<u64>, StoreError> {
        let jobs = counted.jobs;
        let matched = counted.exact.then_some(jobs);
        match self.expect {
            Some(expected) if matched != Some(expected) => {
                let least = if counted.exact { "" } else { "at least " };
                let what =
                    format!("expected {expected} jobs, found {least}{jobs}; nothing was changed");
                Err(StoreError::Conflict { what })
            }
            _ => Ok(matched),
        }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When the queue's name, the note or the filter cannot be used.
    pub fn check(&self) -> Result<(), Refusal> {
        self.action.check()?;
        for (what, text) in [("a note", &self.note), ("an origin", &self.origin)] {
            let Some(text) = text else { continue };
            if let Some(at) = text.find('\0') {
                return Err(Refusal::Nul { what, at });
            }
            if text.len() > NOTE_BYTES {
                return Err(Refusal::Key { what, bytes: text.len(), limit: NOTE_BYTES });
            }
        }
        let filter = self.filter.clone().frozen(Timestamp::wall_clock());
        let text = filter.to_string();
        // It is kept as its text, and must be the same when that is read.
        if text.len() > OPERATION_FILTER_BYTES || text.parse() != Ok(filter) {
            return Err(Refusal::OperationFilter { limit: OPERATION_FILTER_BYTES });
        }
        if text.contains('\0') {
            return Err(Refusal::Nul { what: "a filter", at: text.find('\0').unwrap_or_default() });
        }
        Ok(())
    }
}

/// What an operation would find.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// How many jobs match.
    pub jobs: u64,
    /// False where counting took too long: there are at least so many.
    pub exact: bool,
    /// The same by their states.
    pub states: BTreeMap<State, u64>,
    /// A few of them.
    pub samples: Vec<JobRecord>,
}
