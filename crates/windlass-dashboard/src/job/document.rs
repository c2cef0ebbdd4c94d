//! What pages show of `job.v1`.

use serde::Deserialize;
use serde_json::value::RawValue;
use windlass::{Outcome, State, Timestamp};
use windlass_http::words::time::number;

use crate::parts::counted;

/// A job.
#[derive(Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) queue: String,
    pub(crate) state: State,
    pub(crate) priority: i16,
    pub(crate) attempt: u32,
    pub(crate) max_attempts: Option<u16>,
    pub(crate) tags: Vec<String>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) created_at: Timestamp,
    pub(crate) run_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) worker: Option<String>,
    /// A list of heads has none.
    pub(crate) args: Option<Box<RawValue>>,
    pub(crate) output: Option<Box<RawValue>>,
    pub(crate) reason: Option<String>,
    pub(crate) cancel_requested: bool,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) root: String,
    pub(crate) parent: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) batch: Option<String>,
    pub(crate) step: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) timeout_ms: Option<u64>,
    /// Where it comes of one, and is shown alone.
    pub(crate) event: Option<OfEvent>,
}

/// The event that a job comes of.
#[derive(Debug, Deserialize)]
pub(crate) struct OfEvent {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) subscription: String,
}

/// What a job is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Subject {
    pub(crate) r#type: String,
    pub(crate) id: String,
}

/// A past attempt.
#[derive(Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) attempt: u32,
    pub(crate) outcome: Outcome,
    pub(crate) worker: String,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) error: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Deserialize)]
pub(crate) struct Jobs {
    pub(crate) items: Vec<Job>,
    pub(crate) next: Option<String>,
    pub(crate) prev: Option<String>,
    pub(crate) complete: bool,
    #[serde(default)]
    count: Option<Count>,
}

/// How many match.
#[derive(Debug, Deserialize)]
struct Count {
    value: u64,
    exact: bool,
}

impl Jobs {
    /// How many match, where that is known: they were counted, or are all on this page.
    pub(crate) fn number(&self) -> Option<String> {
        let is_one_page = self.complete && self.next.is_none() && self.prev.is_none();
        match &self.count {
            Some(Count { value, exact }) => Some(counted(*value, *exact)),
            None if is_one_page => Some(number(self.items.len() as u64)),
            None => None,
        }
    }
}

impl Job {
    /// The moment that says most of where it stands.
    pub(crate) fn moment(&self) -> (&'static str, Timestamp) {
        match self.state {
            State::Running => ("started", self.started_at.unwrap_or(self.run_at)),
            State::Completed | State::Cancelled | State::Dead => {
                ("ended", self.finished_at.unwrap_or(self.run_at))
            }
            State::Scheduled | State::Retryable | State::Available => ("due", self.run_at),
            State::Waiting => ("written", self.created_at),
        }
    }

    /// Why it is in this state, in its own words.
    pub(crate) fn why(&self) -> Option<&str> {
        let last = || self.attempts.last().and_then(|attempt| attempt.error.as_deref());
        match self.state {
            State::Completed | State::Running => None,
            State::Dead | State::Retryable => last().or(self.reason.as_deref()),
            _ => self.reason.as_deref(),
        }
    }
}

impl Subject {
    pub(crate) fn text(&self) -> String {
        format!("{}={}", self.r#type, self.id)
    }
}
