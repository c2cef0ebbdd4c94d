//! Counts: what jobs of one queue and kind did in some time.

use super::Histogram;
use crate::job::Outcome;

/// What jobs did in some time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Jobs that were written in this time, of those that were started since.
    pub enqueued: u64,
    /// Attempts that were started.
    pub started: u64,
    /// Attempts that ended, by [`Outcome::code`].
    pub ended: [u64; Outcome::ALL.len()],
    /// Jobs that died.
    pub died: u64,
    /// How long attempts had been due when they were started.
    pub wait: Histogram,
    /// How long handlers ran.
    pub run: Histogram,
}

impl Counts {
    /// Adds what others did.
    pub fn add(&mut self, other: &Self) {
        let add = |ours: &mut u64, theirs: u64| *ours = ours.saturating_add(theirs);
        add(&mut self.enqueued, other.enqueued);
        add(&mut self.started, other.started);
        add(&mut self.died, other.died);
        for (ours, theirs) in self.ended.iter_mut().zip(other.ended) {
            add(ours, theirs);
        }
        self.wait.add(&other.wait);
        self.run.add(&other.run);
    }

    /// Attempts that ended so.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.ended.get(place(outcome)).copied().unwrap_or_default()
    }

    /// Attempts that ended, however they did.
    #[must_use]
    pub fn all_ended(&self) -> u64 {
        self.ended.iter().fold(0, |sum, jobs| sum.saturating_add(*jobs))
    }

    /// Attempts that failed: error, timeout, panic, lost.
    #[must_use]
    pub fn failed(&self) -> u64 {
        let failures = Outcome::ALL.into_iter().filter(|outcome| outcome.counts_as_failure());
        failures.fold(0, |sum, outcome| sum.saturating_add(self.of(outcome)))
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        if let Some(jobs) = self.ended.get_mut(place(outcome)) {
            *jobs += 1;
        }
    }
}

fn place(outcome: Outcome) -> usize {
    usize::from(outcome.code().unsigned_abs())
}
