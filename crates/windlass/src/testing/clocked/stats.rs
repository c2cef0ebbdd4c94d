//! What jobs did over time.

use windlass_core::stats::{Fold, Kept, PartsSeen, StatsAsk, StatsPart, StatsRows, StatsStore};
use windlass_core::store::{Now, Reply};

use super::ClockedStore;

impl StatsStore for ClockedStore {
    fn put_stats_part<'a>(&'a self, part: &'a StatsPart, now: Now) -> Reply<'a, ()> {
        self.store.put_stats_part(part, self.at(now))
    }

    fn stats_parts(&self, most: usize, kept: Kept, now: Now) -> Reply<'_, PartsSeen> {
        self.store.stats_parts(most, kept, self.at(now))
    }

    fn stats_rows<'a>(&'a self, ask: &'a StatsAsk, now: Now) -> Reply<'a, StatsRows> {
        self.store.stats_rows(ask, self.at(now))
    }

    fn fold_stats<'a>(&'a self, fold: &'a Fold) -> Reply<'a, bool> {
        self.store.fold_stats(fold)
    }
}
