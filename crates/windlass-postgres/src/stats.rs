//! The verbs of stats.

mod depth;
mod fold;
mod part;
mod rows;

use windlass_core::stats::{Fold, Kept, PartsSeen, StatsAsk, StatsPart, StatsRows, StatsStore};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl StatsStore for PostgresStore {
    fn put_stats_part<'a>(&'a self, part: &'a StatsPart, now: Now) -> Reply<'a, ()> {
        Box::pin(part::put(&self.writes, part, now))
    }

    fn stats_parts(&self, most: usize, kept: Kept, now: Now) -> Reply<'_, PartsSeen> {
        Box::pin(part::parts(&self.claims, (most, kept), now))
    }

    fn stats_rows<'a>(&'a self, ask: &'a StatsAsk, now: Now) -> Reply<'a, StatsRows> {
        Box::pin(rows::rows(&self.claims, ask, now))
    }

    fn fold_stats<'a>(&'a self, fold: &'a Fold) -> Reply<'a, bool> {
        Box::pin(fold::fold(&self.claims, fold))
    }
}
