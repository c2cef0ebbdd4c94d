//! What a worker tells those who watch it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::id::JobId;
use crate::state::Outcome;
use crate::time::Timestamp;

/// Something that happened in a worker of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The worker found its lease gone and registered anew.
    LostLease,
    /// A sweep of this worker took back jobs of dead workers.
    Rescued {
        /// How many.
        jobs: u64,
    },
}

/// How a worker fares with its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It can do all it has to.
    Working,
    /// Some of what it asks of the store fails, or is not answered in time. It tries again by
    /// itself, waiting 0.1 to 5 s in between, and works again once all of it succeeds.
    Failing {
        /// Since when something has been failing.
        since: Timestamp,
        /// What went wrong last.
        error: String,
    },
}

/// Running totals of one worker.
#[derive(Debug, Default)]
pub struct Stats {
    pub(crate) started: AtomicU64,
    pub(crate) settled: AtomicU64,
    pub(crate) completed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) running: AtomicU64,
    pub(crate) claims: AtomicU64,
    pub(crate) quiet: AtomicBool,
    pub(crate) claim_times: Mutex<VecDeque<Duration>>,
}

/// Times of claims that are kept.
const CLAIM_TIMES: usize = 10_000;

impl Stats {
    /// Handlers started.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Attempts whose end is written.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Of these, the ones that completed their job.
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.completed.load(Ordering::Relaxed)
    }

    /// Ends refused because the lease was lost.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Handlers that did not end when told to, and were left behind.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Handlers running now.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// How long the latest claims that got something took, oldest first.
    #[must_use]
    pub fn claim_times(&self) -> Vec<Duration> {
        self.claim_times.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    pub(crate) fn note_claim(&self, took: Duration) {
        let mut times = self.claim_times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() == CLAIM_TIMES {
            times.pop_front();
        }
        times.push_back(took);
    }

    /// Claims sent to the store.
    #[must_use]
    pub fn claims(&self) -> u64 {
        self.claims.load(Ordering::Relaxed)
    }
}
