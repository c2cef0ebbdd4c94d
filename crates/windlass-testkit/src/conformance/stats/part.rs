//! Parts: what somebody has counted waits to be folded.

use futures_util::future::join_all;
use uuid::Uuid;
use windlass_core::limits::{STATS_PARTS, STATS_WAITING};
use windlass_core::stats::{Kept, StatsPart};

use super::{claimed, fold_all, put, started, sums};
use crate::fixture::StoreFixture;

/// A part whose answer was lost is sent again, and counts once.
pub async fn a_part_that_comes_twice_counts_once(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let part = started(&fixture, &claimed(&fixture, &worker, 3).await);
    put(&fixture, &part).await;
    put(&fixture, &part).await;
    assert_eq!(fold_all(&fixture).await.parts, 1);
    assert_eq!(sums(&fixture, |counts| counts.started).await, [3, 3, 3]);
}

/// Where nobody folds only so many parts wait.
pub async fn only_so_many_parts_wait(fixture: StoreFixture) {
    let parts: Vec<StatsPart> = (0..STATS_WAITING + 5)
        .map(|_| StatsPart { id: Uuid::now_v7(), body: "[]".to_owned() })
        .collect();
    join_all(parts.iter().map(|part| put(&fixture, part))).await;
    let all = STATS_WAITING * 2;
    let seen = fixture.store().stats_parts(all, Kept::default(), fixture.now()).await;
    assert_eq!(seen.expect("read").parts.len(), STATS_WAITING);
    let mut rounds = 1;
    while fold_all(&fixture).await.more {
        rounds += 1;
    }
    assert_eq!(rounds, STATS_WAITING / STATS_PARTS + 1, "each round folds so many");
}

/// What was written by a program of another version is taken away, and stops no other.
pub async fn a_part_that_cannot_be_read_stops_no_other(fixture: StoreFixture) {
    put(&fixture, &StatsPart { id: Uuid::nil(), body: r#"{"what": 1}"#.to_owned() }).await;
    let worker = fixture.worker().await;
    put(&fixture, &started(&fixture, &claimed(&fixture, &worker, 1).await)).await;
    assert_eq!(fold_all(&fixture).await.parts, 2);
    assert_eq!(sums(&fixture, |counts| counts.started).await, [1, 1, 1]);
    let seen = fixture.store().stats_parts(10, Kept::default(), fixture.now()).await;
    assert_eq!(seen.expect("read").parts, []);
}
