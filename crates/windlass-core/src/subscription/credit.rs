//! Credit: how many jobs of each subscription may still be written. No I/O.
//!
//! Who feeds knows how many jobs it has written since the last count, and not how many have ended: so there are never more
//! unfinished than it believes, and it counts again only where they seem to be too many.

use std::collections::{BTreeMap, HashMap};

use super::{SubscriptionRecord, event_of};
use crate::job::NewJob;

/// The most that are unfinished, by the number of the subscription; not there where that has not been counted.
#[derive(Debug, Default)]
pub(super) struct Credit {
    unfinished: HashMap<u32, u64>,
}

impl Credit {
    /// How many may still be written; none where that has not been counted.
    pub(super) fn room(&self, one: &SubscriptionRecord) -> Option<u64> {
        let unfinished = self.unfinished.get(&one.number)?;
        Some(u64::from(one.definition.most_unfinished()).saturating_sub(*unfinished))
    }

    /// What a count said.
    pub(super) fn counted(&mut self, number: u32, unfinished: u64) {
        self.unfinished.insert(number, unfinished);
    }

    /// Jobs that were written.
    pub(super) fn written(&mut self, jobs: &[NewJob]) {
        for (number, jobs) in by_subscription(jobs) {
            if let Some(unfinished) = self.unfinished.get_mut(&number) {
                *unfinished += jobs;
            }
        }
    }
}

/// How many jobs there are of each subscription.
pub(super) fn by_subscription(jobs: &[NewJob]) -> BTreeMap<u32, u64> {
    let mut numbers = BTreeMap::new();
    for (_, number) in jobs.iter().filter_map(|job| event_of(job.id)) {
        *numbers.entry(number).or_default() += 1;
    }
    numbers
}
