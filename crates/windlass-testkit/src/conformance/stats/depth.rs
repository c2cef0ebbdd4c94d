//! Depth: how long queues are is looked at while parts are folded.

use std::time::Duration;

use windlass_core::limits::STATS_DEPTH;
use windlass_core::stats::{Depth, DepthRow, Resolution, StatsAsk};

use super::{ALL, fold_all};
use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};

async fn depths(fixture: &StoreFixture, resolution: Resolution) -> Vec<(String, Depth)> {
    let ask = StatsAsk::Last(resolution, ALL);
    let rows = fixture.store().stats_rows(&ask, fixture.now()).await.expect("read").depths;
    rows.into_iter().map(|DepthRow { queue, depth, .. }| (queue, depth)).collect()
}

fn depth(queue: &str, (available, running): (u64, u64), seconds: u64) -> (String, Depth) {
    (queue.to_owned(), Depth { available, running, oldest: Duration::from_secs(seconds) })
}

/// Of each queue with jobs the available and running ones are counted, and how long the oldest has been due.
pub async fn how_long_queues_are_is_noted(fixture: StoreFixture) {
    fixture.enqueue([job().queue("mail"), job().queue("mail").priority(-3)]).await;
    fixture.advance(5 * SECOND);
    fixture.enqueue([job().queue("bulk"), job().queue("later").due_in(MINUTE)]).await;
    fixture.start(crate::worker::worker().serving(&["bulk"])).await.claim(1).await;
    fold_all(&fixture).await;
    let expected = [depth("bulk", (0, 1), 0), depth("mail", (2, 0), 5)];
    for resolution in Resolution::ALL {
        assert_eq!(depths(&fixture, resolution).await, expected);
    }
}

/// Jobs that stand in line are counted with those that do not.
pub async fn jobs_in_line_are_counted_too(fixture: StoreFixture) {
    use windlass_core::job::Lane;
    fixture
        .enqueue((0..3).map(|nth| job().queue("mail").lane(Lane::by(format!("l{}", nth % 2)))))
        .await;
    fixture.enqueue_one(job().queue("mail")).await;
    fixture.advance(2 * SECOND);
    fold_all(&fixture).await;
    assert_eq!(depths(&fixture, Resolution::TenSeconds).await, [depth("mail", (4, 0), 2)]);
}

/// Of several looks the longest of each time is kept.
pub async fn the_longest_of_a_time_is_kept(fixture: StoreFixture) {
    fixture.enqueue(jobs(3).map(|job| job.queue("mail"))).await;
    fold_all(&fixture).await;
    fixture.start(crate::worker::worker().serving(&["mail"])).await.claim(2).await;
    fixture.advance(SECOND);
    fold_all(&fixture).await;
    assert_eq!(depths(&fixture, Resolution::Minute).await, [depth("mail", (3, 2), 1)]);
}

/// A long queue is counted up to a limit, so that a look costs the same whatever is behind it.
pub async fn a_long_queue_is_counted_up_to_a_limit(fixture: StoreFixture) {
    fixture.enqueue(jobs(STATS_DEPTH + 10).map(|job| job.queue("bulk"))).await;
    fixture.advance(SECOND);
    fold_all(&fixture).await;
    let most = u64::try_from(STATS_DEPTH).expect("a number");
    assert_eq!(depths(&fixture, Resolution::Hour).await, [depth("bulk", (most, 0), 1)]);
}
