//! What a worker tells those who watch it.

use std::time::Duration;

use crate::id::JobId;
use crate::job::Outcome;

/// Something that happened in a worker of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The worker is registered and its lease runs.
    Registered,
    /// A handler was started.
    Started {
        /// The job.
        job: JobId,
        /// Its kind.
        kind: String,
        /// The attempt.
        attempt: u32,
    },
    /// An attempt's end is written.
    Settled {
        /// The job.
        job: JobId,
        /// Its kind.
        kind: String,
        /// How it ended.
        outcome: Outcome,
        /// How long the handler ran.
        ran: Duration,
        /// The job's error, where there was one.
        error: Option<String>,
    },
    /// An attempt's end was refused because the lease was lost.
    Refused {
        /// The job.
        job: JobId,
    },
    /// There was nothing to claim.
    Idle,
    /// The worker lost its lease, and registers again.
    LostLease,
    /// A person has asked the worker to stop, through the store: it stops with the default grace.
    AskedToStop,
    /// A sweep of this worker took back jobs of dead workers.
    Rescued {
        /// How many.
        jobs: u64,
    },
    /// Events came, and this worker, which leads, wrote the jobs of those who want them.
    Fed {
        /// Positions by which those who want them have come further.
        events: u64,
        /// How many jobs.
        jobs: u64,
    },
    /// This worker leads, and has told of alerts or of their ends.
    Alerted {
        /// Alerts that began.
        fired: u64,
        /// Alerts that are over.
        resolved: u64,
    },
    /// Schedules were due, and this worker, which leads, enqueued their jobs.
    Fired {
        /// How many.
        jobs: u64,
    },
}
