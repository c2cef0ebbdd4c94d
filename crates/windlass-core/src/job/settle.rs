//! How attempts end: what a worker writes under its lease, and what the store answers.

use std::sync::Arc;
use std::time::Duration;

use super::{Claimed, Outcome};
use crate::condition::Waits;
use crate::id::LeaseId;
use crate::json::Json;

/// How one attempt ended and what happens to the job.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The lease it was claimed under; the fence.
    pub lease: LeaseId,
    /// The job as it was claimed. A store may write it back from here instead of looking it up.
    pub job: Arc<Claimed>,
    /// How long the handler ran; `None` where it never started.
    pub ran: Option<Duration>,
    /// What happens to the job.
    pub verdict: Verdict,
}

impl Settlement {
    /// The same with the job as it goes back: its meta says what it waits for from now on.
    #[must_use]
    pub fn going_back(&self) -> Self {
        let Verdict::Wait { waits } = &self.verdict else { return self.clone() };
        let mut job = Claimed::clone(&self.job);
        job.meta.waits = Some(waits.clone());
        Self { job: Arc::new(job), ..self.clone() }
    }
}

/// What happens to a job after an attempt.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Done.
    Complete {
        /// What the handler returned.
        output: Option<Json>,
    },
    /// The handler finished the job in a transaction of its own. If that did not commit, the
    /// other verdict holds.
    Confirm {
        /// What happens to the job when it is not finished.
        otherwise: Box<Verdict>,
    },
    /// Failed, to be tried again. If it was cancelled meanwhile it is cancelled instead.
    Retry {
        /// Error, timeout or panic.
        outcome: Outcome,
        /// What went wrong.
        error: String,
        /// How long it waits.
        delay: Duration,
    },
    /// Failed for good, or given up.
    Die {
        /// Error, timeout or panic.
        outcome: Outcome,
        /// What went wrong.
        error: String,
        /// Why there is no further attempt.
        reason: String,
    },
    /// Nothing is left to do: cancelled, discarded.
    Cancel {
        /// Cancelled or discarded.
        outcome: Outcome,
        /// Why.
        reason: String,
    },
    /// To be run again later by its own wish; no failure.
    Snooze {
        /// How long it waits.
        delay: Duration,
    },
    /// To be run again once what it waits for has come, or its time is over; no failure. What has come already makes it
    /// available at once, and what it waited for before counts no more.
    Wait {
        /// What it waits for from now on.
        waits: Waits,
    },
    /// Handed back; no failure.
    Release {
        /// How long it waits; zero makes it available at once.
        delay: Duration,
    },
}

/// The result of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Done,
    /// This attempt was settled before, by this same worker: an answer got lost.
    Already,
    /// The lease is gone; nothing was written.
    Lost,
    /// Somebody else's transaction holds the lease right now; try again.
    Busy,
}
