//! Live: the workers of the sample run what somebody retries, replays or enqueues.

use std::time::{Duration, Instant};

use windlass::job::Verdict;
use windlass::limits::LEASE;
use windlass::{Json, Outcome, Timestamp};

use super::hand::{Hand, Held};
use super::scene_flows::FEED_EVERY;

const ROUND: Duration = Duration::from_secs(1);
/// How many jobs one of them runs in a round.
const JOBS: usize = 4;

/// Runs what is available until it is dropped.
pub(crate) async fn live(mut hands: Vec<Hand>) -> anyhow::Result<()> {
    // A round in which each of them runs something takes so long, and the feed is not to be overdue meanwhile.
    let early = ROUND * 4;
    let mut asked: Option<Instant> = None;
    loop {
        if asked.is_none_or(|at| at.elapsed() + early >= FEED_EVERY) {
            asked = Some(Instant::now());
            if let Some(hand) = hands.get(1) {
                hand.read_feed().await?;
            }
        }
        for hand in &mut hands {
            round(hand).await?;
        }
        tokio::time::sleep(ROUND).await;
    }
}

/// Whatever it claims is done a round later; what it holds from the beginning runs on, unless it is cancelled.
async fn round(hand: &mut Hand) -> anyhow::Result<()> {
    let cancels = hand.beat(LEASE).await?;
    let (gone, kept) = hand.keeps.drain(..).partition(|one| cancels.contains(&one.job.id));
    hand.keeps = kept;
    cancel(hand, gone).await?;
    let held = hand.claim(JOBS, Timestamp::wall_clock()).await?;
    if held.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(ROUND).await;
    let output = || Json::output("{\"done\":true}").ok();
    let ends = held.into_iter().map(|one| (one, ROUND, Verdict::Complete { output: output() }));
    hand.settle(ends.collect(), Timestamp::wall_clock()).await?;
    hand.write_stats().await
}

async fn cancel(hand: &mut Hand, gone: Vec<Held>) -> anyhow::Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let verdict = || Verdict::Cancel {
        outcome: Outcome::Cancelled,
        reason: "somebody has cancelled it".to_owned(),
    };
    let ends = gone.into_iter().map(|one| (one, ROUND, verdict()));
    hand.settle(ends.collect(), Timestamp::wall_clock()).await
}
