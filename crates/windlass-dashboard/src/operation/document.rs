//! What pages show of `operation.v1` and `operation_preview.v1`.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use windlass::operation::OperationState;
use windlass::{State, Timestamp};

use crate::job::Job;

/// An operation.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) action: String,
    pub(super) reason: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) filter: String,
    #[serde(deserialize_with = "state")]
    pub(super) state: OperationState,
    pub(super) matched: Option<u64>,
    pub(super) pace: Option<String>,
    pub(super) note: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) done: u64,
    pub(super) requested: u64,
    pub(super) skipped: Skipped,
    pub(super) undone: u64,
    pub(super) kept: Skipped,
    pub(super) created_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) undo_until: Option<Timestamp>,
}

/// Jobs that were left as they were.
#[derive(Debug, Deserialize)]
pub(super) struct Skipped {
    pub(super) jobs: u64,
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sample {
    pub(super) job: String,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Operations {
    pub(super) items: Vec<Operation>,
    pub(super) next: Option<String>,
    pub(super) prev: Option<String>,
}

/// What an operation would find.
#[derive(Debug, Deserialize)]
pub(super) struct Preview {
    pub(super) filter: String,
    pub(super) jobs: u64,
    pub(super) exact: bool,
    pub(super) states: BTreeMap<State, u64>,
    pub(super) samples: Vec<Job>,
}

impl Operation {
    /// Jobs that it, or its undoing, has gone through, and of how many.
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        match self.state {
            OperationState::Undoing | OperationState::Undone => {
                (self.undone + self.kept.jobs, Some(self.done))
            }
            _ => (self.done + self.requested + self.skipped.jobs, self.matched),
        }
    }

    /// Jobs that matched when it began and no longer did when it came to them; known when it is done.
    pub(super) fn left_meanwhile(&self) -> u64 {
        let through = self.done + self.requested + self.skipped.jobs;
        let is_done = self.state == OperationState::Done;
        self.matched.filter(|_| is_done).unwrap_or_default().saturating_sub(through)
    }

    /// Whether it can be undone.
    pub(super) fn may_be_undone(&self, now: Timestamp) -> bool {
        let goes_on = matches!(self.state, OperationState::Running | OperationState::Paused);
        (goes_on && self.done > 0) || self.undo_until.is_some_and(|until| until > now)
    }
}

fn state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OperationState, D::Error> {
    let word = String::deserialize(deserializer)?;
    OperationState::of(&word).ok_or_else(|| D::Error::custom(format!("no state {word}")))
}
