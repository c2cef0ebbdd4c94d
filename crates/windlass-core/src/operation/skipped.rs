//! Jobs that an operation left as they were, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::JobId;
use crate::limits::OPERATION_SAMPLES;

/// Why a job was left as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// It is where the operation would have it.
    Unneeded,
    /// It waits for its conditions, or for a worker that knows it.
    Waiting,
    /// It runs.
    Running,
    /// It has ended already.
    Ended,
    /// It has not ended: what has not is not deleted, cancel it first.
    Unended,
    /// Another job holds its unique key.
    KeyHeld,
    /// It is of a workflow that is undone, or undoes one that has not failed.
    WorkflowUndone,
    /// Another transaction had it, such as a claim.
    Busy,
    /// It is not there any more.
    Gone,
    /// Undone it cannot be: it is not as the operation left it.
    Touched,
    /// Undone it cannot be: other jobs have gone on, or have ended, since it ended, or wait for its end by now.
    Awaited,
    /// Undone it cannot be: what it waited for has come meanwhile.
    Came,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Unneeded,
        Self::Waiting,
        Self::Running,
        Self::Ended,
        Self::Unended,
        Self::KeyHeld,
        Self::WorkflowUndone,
        Self::Busy,
        Self::Gone,
        Self::Touched,
        Self::Awaited,
        Self::Came,
    ];

    /// The word for it, as documents have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unneeded => "unneeded",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Unended => "unended",
            Self::KeyHeld => "key_held",
            Self::WorkflowUndone => "workflow_undone",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Touched => "touched",
            Self::Awaited => "awaited",
            Self::Came => "came",
        }
    }

    /// What it says of jobs, after their number.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Unneeded => "needed nothing",
            Self::Waiting => "wait for their conditions, or for a worker that knows them",
            Self::Running => "run",
            Self::Ended => "had ended already",
            Self::Unended => "have not ended: cancel them first",
            Self::KeyHeld => "need a unique key that another job holds",
            Self::WorkflowUndone => "are of a workflow that is undone, or has not failed",
            Self::Busy => "were in another transaction",
            Self::Gone => "are gone",
            Self::Touched => "are not as the operation left them",
            Self::Awaited => "have others that went on by their end, or wait for it",
            Self::Came => "waited for what has come meanwhile",
        }
    }

    /// The reason of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }

    /// Whether the job is where it was to be anyway.
    #[must_use]
    pub const fn is_harmless(self) -> bool {
        matches!(self, Self::Unneeded)
    }
}

/// Jobs that were left as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// How many, by reason.
    pub counts: BTreeMap<Why, u64>,
    /// The first few of them.
    pub samples: Vec<(JobId, Why)>,
}

impl Skipped {
    /// Counts one.
    pub fn add(&mut self, job: JobId, why: Why) {
        *self.counts.entry(why).or_default() += 1;
        if self.samples.len() < OPERATION_SAMPLES {
            self.samples.push((job, why));
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// As a store keeps it.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        (!self.counts.is_empty()).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    /// What a store kept; `None` where that is nothing that was written here.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Option<Self> {
        text.map_or_else(|| Some(Self::default()), |text| serde_json::from_str(text).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_survives_its_text() {
        let mut skipped = Skipped::default();
        assert_eq!(skipped.to_stored(), None);
        for why in Why::ALL.into_iter().chain(Why::ALL) {
            assert_eq!(Why::of(why.word()), Some(why));
            skipped.add(JobId::new(), why);
        }
        assert_eq!((skipped.total(), skipped.samples.len()), (24, OPERATION_SAMPLES));
        let text = skipped.to_stored();
        assert_eq!(Skipped::from_stored(text.as_deref()), Some(skipped));
        assert_eq!(Skipped::from_stored(Some("{")), None);
    }
}
