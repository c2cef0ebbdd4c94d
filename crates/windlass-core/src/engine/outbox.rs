//! Ends of attempts on their way to the store.

use std::collections::VecDeque;
use std::time::Duration;

use crate::id::LeaseId;
use crate::state::Outcome;
use crate::store::{Settlement, Verdict};

/// An end to be written, with what watchers are told once it is.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) settlement: Settlement,
    /// A suspect handed back because another runs here; that one starts only afterwards.
    pub(super) surplus_suspect: bool,
}

/// Ends that are not written yet, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Parcel>,
    surplus_suspects: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, parcel: Parcel) {
        self.surplus_suspects += usize::from(parcel.surplus_suspect);
        self.waiting.push_back(parcel);
    }

    /// The next batch to write.
    pub(super) fn take(&mut self, most: usize) -> Vec<Parcel> {
        self.waiting.drain(..most.min(self.waiting.len())).collect()
    }

    /// Parcels whose writing failed, to be written before all others.
    pub(super) fn put_back(&mut self, parcels: Vec<Parcel>) {
        for parcel in parcels.into_iter().rev() {
            self.waiting.push_front(parcel);
        }
    }

    /// A parcel is written, or never will be.
    pub(super) fn done(&mut self, parcel: &Parcel) {
        self.surplus_suspects -= usize::from(parcel.surplus_suspect);
    }

    /// Whether a suspect may start: all others this process held are handed back for sure.
    pub(super) fn suspects_are_home(&self) -> bool {
        self.surplus_suspects == 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The leases of ends that are not on their way yet.
    pub(super) fn leases(&self) -> impl Iterator<Item = LeaseId> + '_ {
        self.waiting.iter().map(|parcel| parcel.settlement.lease)
    }

    /// Forgets everything: the lease it was under is lost.
    pub(super) fn clear(&mut self) -> usize {
        let dropped = self.waiting.len();
        *self = Self::default();
        dropped
    }
}

/// The outcome a verdict stands for, and its error.
pub(super) fn outcome_of(verdict: &Verdict) -> (Outcome, Option<&str>) {
    match verdict {
        Verdict::Complete { .. } | Verdict::Confirm { .. } => (Outcome::Ok, None),
        Verdict::Retry { outcome, error, .. } | Verdict::Die { outcome, error, .. } => {
            (*outcome, Some(error))
        }
        Verdict::Cancel { outcome, reason } => (*outcome, Some(reason)),
        Verdict::Snooze { .. } => (Outcome::Snoozed, None),
        Verdict::Release { .. } => (Outcome::Released, None),
    }
}

/// What is written instead of a settlement that the store refuses to keep: the job is tried
/// again later, so that nothing of it is lost.
pub(super) fn unstorable(verdict: &mut Verdict, reason: &str) {
    *verdict = Verdict::Retry {
        outcome: Outcome::Error,
        error: format!("the attempt's result could not be stored: {reason}").replace('\0', ""),
        delay: Duration::from_secs(60),
    };
}
