//! Stats.

pub mod depth;
pub mod fold;
pub mod part;

use std::sync::Arc;
use std::time::Duration;

use windlass_core::job::{Batch, Claimed, Outcome};
use windlass_core::stats::{
    Counts, Folded, Gather, Kept, Resolution, StatsAsk, StatsPart, StatsRow, fold,
};
use windlass_core::store::{Now, Store};

use crate::draft::job;
use crate::fixture::StoreFixture;
use crate::worker::Worker;

const ALL: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Jobs of a kind, enqueued and claimed now.
async fn claimed(fixture: &StoreFixture, worker: &Worker<'_>, jobs: usize) -> Vec<Arc<Claimed>> {
    fixture.enqueue((0..jobs).map(|_| job())).await;
    let Batch { jobs, .. } = worker.claim(jobs).await;
    jobs
}

/// What was counted of jobs that start now.
fn started<'a>(
    fixture: &StoreFixture,
    jobs: impl IntoIterator<Item = &'a Arc<Claimed>>,
) -> StatsPart {
    let mut gather = Gather::default();
    jobs.into_iter().for_each(|job| gather.started(job, fixture.moment()));
    gather.take().expect("something was counted")
}

/// What was counted of jobs that end now, well, after a second.
fn ended<'a>(
    fixture: &StoreFixture,
    jobs: impl IntoIterator<Item = &'a Arc<Claimed>>,
) -> StatsPart {
    let (mut gather, ran) = (Gather::default(), Some(Duration::from_secs(1)));
    let end = ((Outcome::Ok, false), ran);
    jobs.into_iter().for_each(|job| gather.ended(job, fixture.moment(), end));
    gather.take().expect("something was counted")
}

async fn put(fixture: &StoreFixture, part: &StatsPart) {
    fixture.store().put_stats_part(part, fixture.now()).await.expect("kept");
}

async fn fold_all(fixture: &StoreFixture) -> Folded {
    fold(fixture.store(), Kept::default(), fixture.now()).await.expect("folded")
}

/// All rows of a resolution.
async fn rows(fixture: &StoreFixture, resolution: Resolution) -> Vec<StatsRow> {
    rows_at(fixture.store(), resolution, fixture.now()).await
}

async fn rows_at(store: &dyn Store, resolution: Resolution, now: Now) -> Vec<StatsRow> {
    let ask = StatsAsk::Last(resolution, ALL);
    store.stats_rows(&ask, now).await.expect("read").rows
}

/// What the rows of each resolution have of something, all together.
async fn sums(fixture: &StoreFixture, of: fn(&Counts) -> u64) -> [u64; 3] {
    let mut sums = [0; 3];
    for (sum, resolution) in sums.iter_mut().zip(Resolution::ALL) {
        *sum = rows(fixture, resolution).await.iter().map(|row| of(&row.counts)).sum();
    }
    sums
}
