//! Running totals of one worker, for those who watch it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
