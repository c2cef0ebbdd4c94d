//! The data of a shop, for who wants to see the dashboard before there is anything of their own: a day of orders, and what is under
//! way and went wrong now. Its workers live on afterwards, so that what is retried is run.

mod day;
mod hand;
mod live;
mod scene;
mod scene_flows;
mod words;

use std::sync::Arc;

use windlass::Timestamp;
use windlass::store::Store;
use windlass::testing::clocked;

use crate::exit::Failure;
use day::Day;
use hand::Hand;
pub(super) use live::live;

/// Fills a store that is empty; the workers that its jobs are run by.
pub(super) async fn fill(store: &Arc<dyn Store>) -> anyhow::Result<Vec<Hand>> {
    check_empty(&**store).await?;
    let (past, clock) = clocked(Arc::clone(store), Timestamp::wall_clock());
    let mut day = Day::begin(past, clock).await?;
    day.pass().await?;
    let hands = day.end().await?;
    Ok(hands.into_iter().map(|hand| hand.on(Arc::clone(store))).collect())
}

/// Nobody wants a made-up shop among jobs of their own.
async fn check_empty(store: &dyn Store) -> anyhow::Result<()> {
    let (counts, log) = (store.counts().await?, store.event_log().await?);
    if counts.by_queue.is_empty() && log.last == 0 {
        return Ok(());
    }
    let what = "the store has jobs or events already: --sample fills an empty one";
    Err(Failure::usage(what.to_owned()).into())
}
