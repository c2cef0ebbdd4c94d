//! The verbs of stats.

mod depth;
mod fold;
mod part;
mod rows;

use std::sync::Arc;

use windlass_core::stats::{Fold, Kept, PartsSeen, StatsAsk, StatsPart, StatsRows, StatsStore};
use windlass_core::store::{Now, Reply};

use crate::connection::reader::in_one_snapshot;
use crate::store::{SqliteStore, at};

impl StatsStore for SqliteStore {
    fn put_stats_part<'a>(&'a self, part: &'a StatsPart, now: Now) -> Reply<'a, ()> {
        let part = part.clone();
        Box::pin(self.writer.write(move |c| part::put(c, &part, at(now))))
    }

    fn stats_parts(&self, most: usize, kept: Kept, now: Now) -> Reply<'_, PartsSeen> {
        let parts = move |c: &_| part::parts(c, (most, kept), at(now));
        Box::pin(self.readers.read(in_one_snapshot(parts)))
    }

    fn stats_rows<'a>(&'a self, ask: &'a StatsAsk, now: Now) -> Reply<'a, StatsRows> {
        let ask = ask.clone();
        Box::pin(self.readers.read(in_one_snapshot(move |c| rows::rows(c, &ask, at(now)))))
    }

    fn fold_stats<'a>(&'a self, fold: &'a Fold) -> Reply<'a, bool> {
        let fold = Arc::new(fold.clone());
        Box::pin(self.writer.write(move |c| fold::fold(c, &fold)))
    }
}
