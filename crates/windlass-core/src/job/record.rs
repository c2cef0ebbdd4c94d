//! A job as a store shows it.

use serde::{Deserialize, Serialize};

use super::{Meta, Outcome, State};
use crate::id::JobId;
use crate::json::Json;
use crate::progress::Progress;
use crate::time::Timestamp;

/// One past attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The label of the worker that had it.
    pub worker: String,
    /// When its handler started; `None` where it is not known that it did.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "micros")]
    pub ended_at: Option<Timestamp>,
    /// What the handler or the engine said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// Moments inside stored history are plain microseconds, so that SQL can append them.
mod micros {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(Timestamp::as_micros).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_micros))
    }
}

/// How a job stands, without its args and its history.
#[derive(Debug, Clone, PartialEq)]
pub struct JobHead {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// Where it stands.
    pub state: State,
    /// How often it was claimed.
    pub attempt: u32,
    /// Words it is found by.
    pub tags: Vec<String>,
    /// How far it is by its own account, where it has given one.
    pub progress: Option<Progress>,
}

/// A job as a store shows it, whatever state it is in.
#[derive(Debug, Clone)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// The version of its args.
    pub version: u16,
    /// Its queue.
    pub queue: String,
    /// Where it stands.
    pub state: State,
    /// Its priority.
    pub priority: i16,
    /// How often it was claimed.
    pub attempt: u32,
    /// How many attempts failed.
    pub failures: u32,
    /// How many workers died with it.
    pub losses: u16,
    /// Its own limit of failures.
    pub max_attempts: Option<u16>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is or was due.
    pub run_at: Timestamp,
    /// When it was claimed, while it runs; when its last attempt started, once it ended.
    pub started_at: Option<Timestamp>,
    /// When it ended for good.
    pub finished_at: Option<Timestamp>,
    /// The worker that has it, or had it last.
    pub worker: Option<String>,
    /// Its args.
    pub args: Json,
    /// What its handler returned.
    pub output: Option<Json>,
    /// Why it is where it is: why it is dead, cancelled or parked.
    pub reason: Option<String>,
    /// Whether a running job has been asked to stop.
    pub cancel_requested: bool,
    /// Attempts that did not complete it, oldest first.
    pub history: Vec<Attempt>,
    /// The root of its tree, `None` where it is its own.
    pub root: Option<JobId>,
    /// The job that enqueued it.
    pub parent: Option<JobId>,
    /// Who enqueued it.
    pub origin: Option<String>,
    /// What few jobs have.
    pub meta: Meta,
}

impl JobRecord {
    /// What went wrong last, of a job that is dead or tried again: the error of its last attempt, or why it is dead without one.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        let last = self.history.last().and_then(|attempt| attempt.error.as_deref());
        match self.state {
            State::Dead => last.or(self.reason.as_deref()),
            State::Retryable => last,
            _ => None,
        }
    }
}
