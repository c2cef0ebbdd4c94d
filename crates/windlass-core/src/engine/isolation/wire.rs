//! What a worker and the child that runs an attempt say to each other: lines of JSON, and words.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::condition::Waits;
use crate::context::AttemptContext;
use crate::id::{JobId, LeaseId, WorkerId};
use crate::job::{Claimed, Decision, Meta};
use crate::json::Json;
use crate::limits::{ERROR_BYTES, OUTPUT_BYTES};
use crate::time::Timestamp;

/// A reply is JSON in JSON, in which a character may take six; nobody but this library writes one.
pub(super) const REPLY_BYTES: u64 = 8 * (OUTPUT_BYTES + ERROR_BYTES) as u64;

/// The attempt that a child is to run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) lease: LeaseId,
    pub(super) worker: WorkerId,
    pub(super) worker_label: String,
    timeout_ms: u64,
    job: JobOrder,
}

/// A job in the hands of the worker.
#[derive(Debug, Serialize, Deserialize)]
struct JobOrder {
    position: i16,
    batch: i16,
    id: JobId,
    kind: String,
    version: u16,
    queue: String,
    priority: i16,
    attempt: u32,
    failures: u32,
    losses: u16,
    max_attempts: Option<u16>,
    args: String,
    run_at_us: i64,
    created_at_us: i64,
    root: Option<JobId>,
    parent: Option<JobId>,
    origin: Option<String>,
    meta: Option<String>,
    history: Option<String>,
}

impl Order {
    pub(super) fn of(attempt: &AttemptContext) -> Self {
        let fence = attempt.fence();
        let timeout_ms = u64::try_from(attempt.timeout().as_millis()).unwrap_or(u64::MAX);
        Self {
            lease: fence.lease,
            worker: fence.worker,
            worker_label: fence.label.as_ref().to_owned(),
            timeout_ms,
            job: JobOrder::of(&fence.job),
        }
    }

    pub(super) fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self).map(|order| order + "\n")
    }

    pub(super) fn read(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line)
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn kind(&self) -> &str {
        &self.job.kind
    }

    pub(super) fn job(&self) -> Arc<Claimed> {
        Arc::new(self.job.claimed())
    }
}

impl JobOrder {
    fn of(job: &Claimed) -> Self {
        Self {
            position: job.position,
            batch: job.batch,
            id: job.id,
            kind: job.kind.clone(),
            version: job.version,
            queue: job.queue.clone(),
            priority: job.priority,
            attempt: job.attempt,
            failures: job.failures,
            losses: job.losses,
            max_attempts: job.max_attempts,
            args: job.args.as_str().to_owned(),
            run_at_us: job.run_at.as_micros(),
            created_at_us: job.created_at.as_micros(),
            root: job.root,
            parent: job.parent,
            origin: job.origin.clone(),
            meta: job.meta.to_stored(),
            history: job.history.as_deref().map(str::to_owned),
        }
    }

    fn claimed(&self) -> Claimed {
        Claimed {
            position: self.position,
            batch: self.batch,
            id: self.id,
            kind: self.kind.clone(),
            version: self.version,
            queue: self.queue.clone(),
            priority: self.priority,
            attempt: self.attempt,
            failures: self.failures,
            losses: self.losses,
            max_attempts: self.max_attempts,
            args: Json::stored(self.args.as_str()),
            event: None,
            run_at: Timestamp::from_micros(self.run_at_us),
            created_at: Timestamp::from_micros(self.created_at_us),
            root: self.root,
            parent: self.parent,
            origin: self.origin.clone(),
            meta: Meta::from_stored(self.meta.as_deref()),
            history: self.history.as_deref().map(Into::into),
        }
    }
}

/// What a child is told while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The worker is stopping.
    Stop,
    /// The attempt must end.
    Cancel,
}

impl Word {
    pub(super) fn line(self) -> String {
        let word = match self {
            Self::Stop => "stop",
            Self::Cancel => "cancel",
        };
        format!("{word}\n")
    }

    pub(super) fn read(line: &str) -> Option<Self> {
        match line.trim_end() {
            "stop" => Some(Self::Stop),
            "cancel" => Some(Self::Cancel),
            _ => None,
        }
    }
}

/// How the attempt ended in the child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Whether the handler finished the job inside its own transaction.
    pub(super) finished: bool,
    pub(super) end: ReplyEnd,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ReplyEnd {
    Value { output: Option<String> },
    Error { decision: ReplyDecision, message: String, waits: Option<Box<Waits>> },
    Panic { text: String },
}

/// [`Decision`] as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ReplyDecision {
    Retry,
    RetryAfter { us: u64 },
    Snooze { us: u64 },
    Dead,
    Discard,
    Skip,
    Cancelled,
    Stopped,
    Wait,
}

impl Reply {
    pub(super) fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self).map(|reply| reply + "\n")
    }

    /// `None` where the child ended before it had said all.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes.strip_suffix(b"\n")?).ok()
    }
}

impl From<Decision> for ReplyDecision {
    fn from(decision: Decision) -> Self {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        match decision {
            Decision::Retry => Self::Retry,
            Decision::RetryAfter(delay) => Self::RetryAfter { us: us(delay) },
            Decision::Snooze(delay) => Self::Snooze { us: us(delay) },
            Decision::Dead => Self::Dead,
            Decision::Discard => Self::Discard,
            Decision::Skip => Self::Skip,
            Decision::Cancelled => Self::Cancelled,
            Decision::Stopped => Self::Stopped,
            Decision::Wait => Self::Wait,
        }
    }
}

impl From<ReplyDecision> for Decision {
    fn from(told: ReplyDecision) -> Self {
        match told {
            ReplyDecision::Retry => Self::Retry,
            ReplyDecision::RetryAfter { us } => Self::RetryAfter(Duration::from_micros(us)),
            ReplyDecision::Snooze { us } => Self::Snooze(Duration::from_micros(us)),
            ReplyDecision::Dead => Self::Dead,
            ReplyDecision::Discard => Self::Discard,
            ReplyDecision::Skip => Self::Skip,
            ReplyDecision::Cancelled => Self::Cancelled,
            ReplyDecision::Stopped => Self::Stopped,
            ReplyDecision::Wait => Self::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T36: what a child says is heard as it was meant, and half of it not at all.
    #[test]
    fn a_reply_is_whole_or_none() {
        let delay = Duration::from_millis(1_500);
        for decision in [
            Decision::Retry,
            Decision::RetryAfter(delay),
            Decision::Snooze(delay),
            Decision::Dead,
            Decision::Discard,
            Decision::Skip,
            Decision::Cancelled,
            Decision::Stopped,
            Decision::Wait,
        ] {
            assert_eq!(Decision::from(ReplyDecision::from(decision)), decision);
        }
        let end = ReplyEnd::Value { output: Some("\"a\\nb\"".to_owned()) };
        let line = Reply { finished: true, end }.line().expect("written");
        let read = Reply::read(line.as_bytes()).expect("read");
        assert!(
            read.finished
                && matches!(read.end, ReplyEnd::Value { output: Some(text) } if text == "\"a\\nb\"")
        );
        assert!(Reply::read(&line.as_bytes()[..line.len() - 1]).is_none());
        assert!(Reply::read(b"").is_none());
    }

    #[test]
    fn a_job_is_in_the_child_what_it_is_in_the_worker() {
        let mut job = crate::engine::dispatch::claimed("a", 1);
        job.meta.tags = vec!["x".to_owned()];
        job.history = Some("[]".into());
        assert_eq!(format!("{:?}", JobOrder::of(&job).claimed()), format!("{job:?}"));
    }

    #[test]
    fn words_are_read_as_they_are_told() {
        for word in [Word::Stop, Word::Cancel] {
            assert_eq!(Word::read(&word.line()), Some(word));
        }
    }
}
