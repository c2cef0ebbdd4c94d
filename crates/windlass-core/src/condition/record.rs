//! Conditions as they are shown.

use serde::Serialize;

use super::Ends;
use crate::id::{BatchId, JobId};
use crate::job::State;
use crate::json::Json;
use crate::time::Timestamp;

/// A condition of a job, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionRecord {
    /// Its name.
    pub name: String,
    /// What it waits for.
    #[serde(flatten)]
    pub awaits: Awaited,
    /// Whether it is met.
    pub state: ConditionState,
    /// Since when, unless it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What the signal brought, or the output of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// Who met, waived or withdrew it, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl ConditionRecord {
    /// Whether it is open while what it waits for has ended in another way, or is gone: it cannot be met any more, unless that
    /// is retried and ends as asked.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        let is_otherwise = |ends: Ends, state: State| {
            state.is_terminal() && !ends.states().any(|asked| asked == state)
        };
        let has_ended_otherwise = match self.awaits {
            Awaited::Job { ends, job_state, .. } => {
                job_state.is_none_or(|state| is_otherwise(ends, state))
            }
            Awaited::Batch { ends, ended, .. } => {
                ended.is_some_and(|state| is_otherwise(ends, state))
            }
            Awaited::Signal { .. } | Awaited::Moment { .. } => false,
        };
        self.state == ConditionState::Open && has_ended_otherwise
    }
}

/// What a condition waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "awaits", rename_all = "lowercase")]
pub enum Awaited {
    /// The end of a job.
    Job {
        /// The job.
        #[serde(rename = "awaited")]
        job: JobId,
        /// In which ways it may end.
        #[serde(serialize_with = "words")]
        ends: Ends,
        /// Where it stands; `None` where it is gone.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[serde(rename = "awaited_state")]
        job_state: Option<State>,
    },
    /// The end of a batch.
    Batch {
        /// The batch.
        #[serde(rename = "awaited")]
        batch: BatchId,
        /// In which ways it may end: all completed, or not all.
        #[serde(serialize_with = "words")]
        ends: Ends,
        /// How it has ended, where it has.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[serde(rename = "awaited_state")]
        ended: Option<State>,
    },
    /// A signal.
    Signal {
        /// Its key.
        key: String,
    },
    /// A moment.
    Moment {
        /// Which.
        at: Timestamp,
    },
}

fn words<S: serde::Serializer>(ends: &Ends, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ends.states())
}

/// How a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionState {
    /// What it waits for has not come.
    Open = 0,
    /// It has come.
    Met = 1,
    /// A person let the job pass.
    Waived = 2,
    /// It will not come, and nobody waits for it.
    Withdrawn = 3,
}

impl ConditionState {
    /// The state with this number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        [Self::Open, Self::Met, Self::Waived, Self::Withdrawn]
            .into_iter()
            .find(|state| *state as i16 == code)
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Met => "met",
            Self::Waived => "waived",
            Self::Withdrawn => "withdrawn",
        }
    }
}
