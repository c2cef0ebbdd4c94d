//! What a program is told of an attempt that failed.

use std::error::Error;
use std::sync::Arc;

use crate::id::JobId;
use crate::job::{Claimed, Outcome, Verdict};
use crate::time::Timestamp;

/// An error behind a [`Failure`], as the handler had it.
pub type FailureCause = Arc<dyn Error + Send + Sync>;

/// An attempt that failed: see [`Worker::on_failure`](super::Worker::on_failure).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The job.
    pub job: JobId,
    /// Its kind.
    pub kind: String,
    /// The queue it came from.
    pub queue: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// The job at the root of its tree: the same for all jobs that one enqueue has led to.
    pub root: JobId,
    /// The W3C trace context of who enqueued it.
    pub traceparent: Option<String>,
    /// The worker, for people.
    pub worker: Arc<str>,
    /// Error, timeout, panic or lost.
    pub outcome: Outcome,
    /// What went wrong, with the whole chain of causes, as it goes into the job's record.
    pub error: String,
    /// The error itself, where the handler returned one that was not made from a text alone.
    pub cause: Option<FailureCause>,
    /// What happens to the job.
    pub next: AfterFailure,
}

/// What happens to a job after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterFailure {
    /// It is tried again, then or a little later, unless somebody has cancelled it meanwhile.
    RetryAt(Timestamp),
    /// It is dead: there is no further attempt.
    Dead {
        /// Why.
        reason: String,
    },
    /// The worker that takes the job back decides: this one has lost it.
    Elsewhere,
}

impl Failure {
    /// Whether the job is known to be tried again.
    #[must_use]
    pub fn will_retry(&self) -> bool {
        matches!(self.next, AfterFailure::RetryAt(_))
    }

    /// The texts of the error and of its causes, the outermost first.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let Some(cause) = &self.cause else { return vec![self.error.clone()] };
        let first: &(dyn Error + 'static) = &**cause;
        std::iter::successors(Some(first), |&error| error.source())
            .map(ToString::to_string)
            .collect()
    }

    /// The failure that a verdict stands for; `None` where it is none.
    pub(super) fn of(
        job: &Claimed,
        worker: &Arc<str>,
        verdict: &Verdict,
        cause: Option<FailureCause>,
    ) -> Option<Self> {
        let (outcome, error, next) = match verdict {
            Verdict::Retry { outcome, error, delay } => {
                let at = Timestamp::wall_clock().after(*delay);
                (*outcome, error.clone(), AfterFailure::RetryAt(at))
            }
            Verdict::Die { outcome, error, reason } => {
                (*outcome, error.clone(), AfterFailure::Dead { reason: reason.clone() })
            }
            _ => return None,
        };
        Some(Self { cause, ..Self::new(job, worker, outcome, error, next) })
    }

    /// An attempt whose lease was lost: what it did may be done again elsewhere.
    pub(super) fn lost(job: &Claimed, worker: &Arc<str>) -> Self {
        let error = "the lease was lost while it ran: another worker takes the job".to_owned();
        Self::new(job, worker, Outcome::Lost, error, AfterFailure::Elsewhere)
    }

    fn new(
        job: &Claimed,
        worker: &Arc<str>,
        outcome: Outcome,
        error: String,
        next: AfterFailure,
    ) -> Self {
        Self {
            job: job.id,
            kind: job.kind.clone(),
            queue: job.queue.clone(),
            attempt: job.attempt,
            root: job.root.unwrap_or(job.id),
            traceparent: job.meta.traceparent.clone(),
            worker: Arc::clone(worker),
            outcome,
            error,
            cause: None,
            next,
        }
    }
}
