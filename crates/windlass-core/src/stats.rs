//! Stats: how many jobs came, started and ended, and how long they waited and ran, by queue and kind, summed up over time.
//!
//! Who runs attempts counts in memory ([`Gather`]) and writes what it has counted now and then, as one part. The leader folds
//! parts into rows of three resolutions ([`fold`]). A job costs no statement by that. What is read are the rows ([`StatsQuery`]), so a
//! question costs the same whatever the number of jobs. They are measurements, not accounts: what a process has counted since its
//! last part is lost when it is killed.

mod counts;
mod depth;
mod fold;
mod gather;
mod histogram;
mod measures;
mod pairs;
mod part;
mod query;
mod row;
mod series;

pub use counts::Counts;
pub use depth::{Depth, DepthRow};
pub use fold::{Folded, fold};
pub use gather::{Gather, of_verdict};
pub use histogram::{Histogram, LONG_ERROR, SHORT_ERROR};
pub use measures::Measures;
pub use pairs::OTHERS;
pub use part::StatsPart;
pub use query::{By, StatsQuery, Step};
pub use row::{Fold, Kept, PartSeen, PartsSeen, Resolution, StatsAsk, StatsRow, StatsRows};
pub use series::{DepthSeries, Series, StatsReport};

use crate::reply::{Now, Reply};

/// The verbs of stats.
pub trait StatsStore: Send + Sync {
    /// Keeps what somebody has counted until it is folded. The same part may come twice: it counts once, unless it was folded in
    /// between. Where too many parts wait it is left out.
    fn put_stats_part<'a>(&'a self, part: &'a StatsPart, now: Now) -> Reply<'a, ()>;

    /// The parts that wait, the oldest first and at most so many, with the round that a fold must name, how long queues are now, and
    /// whether rows are older than they are kept.
    fn stats_parts(&self, most: usize, kept: Kept, now: Now) -> Reply<'_, PartsSeen>;

    /// Rows.
    fn stats_rows<'a>(&'a self, ask: &'a StatsAsk, now: Now) -> Reply<'a, StatsRows>;

    /// Writes rows in place of those that there are, takes the parts away that are in them, and removes what is older than it is
    /// kept, all in one transaction. `false` where another has folded since the round that was seen: nothing was written then.
    fn fold_stats<'a>(&'a self, fold: &'a Fold) -> Reply<'a, bool>;
}
