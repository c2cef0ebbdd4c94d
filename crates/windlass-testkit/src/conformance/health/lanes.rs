//! Lanes that stand still, and long ones.

use windlass_core::health::{Aspect, Counted, Problem, Thresholds};
use windlass_core::job::Lane;
use windlass_core::limits::{LONG_LANE, NAMED};

use super::{aspects, found};
use crate::draft::{KIND, job};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, die};

/// O24, C20: a lane that stands still is told with the dead job and how many wait, until it is opened or the job retried.
pub async fn a_lane_behind_a_dead_job_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let strict = || job().lane(Lane::by("a").block_when_dead());
    let ids = fixture.enqueue((0..4).map(|_| strict())).await;
    fixture.enqueue_one(job().lane(Lane::by("b"))).await;
    worker.run_one(die()).await;
    let since = fixture.moment();
    let blocked = |number, or_more| Problem::LaneBlocked {
        lane: "a".to_owned(),
        job: ids[0],
        kind: KIND.to_owned(),
        reason: Some("beyond repair".to_owned()),
        since,
        waiting: Counted { jobs: number, or_more },
    };
    fixture.advance(2 * 60 * MINUTE);
    worker.beat().await;
    let told = found(&fixture).await;
    let lanes: Vec<_> = told.iter().filter(|one| one.aspect() == Aspect::Lanes).collect();
    assert_eq!(lanes, [&blocked(3, false)]);
    alone_as_among_the_rest(&fixture).await;

    fixture.enqueue((0..NAMED).map(|_| strict())).await;
    assert!(found(&fixture).await.contains(&blocked(NAMED as u64, true)), "so many, or more");
    assert!(fixture.store().open_lane("a").await.expect("it reaches the store").is_some());
    assert!(!aspects(&fixture).await.contains(&Aspect::Lanes));
}

/// Who asks for lanes alone is told of them what who asks for everything is told.
async fn alone_as_among_the_rest(fixture: &StoreFixture) {
    let store = fixture.store();
    let observed = store.observe(&Thresholds::default(), fixture.now()).await.expect("observed");
    assert_eq!(store.lanes().await.expect("seen"), observed.lanes);
}

/// O24: many jobs in one lane are told with their number, however many other lanes there are.
pub async fn a_long_lane_is_told(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let in_lane = |key: &str| job().lane(Lane::by(key));
    fixture.enqueue((0..LONG_LANE).map(|_| in_lane("long"))).await;
    fixture.enqueue((0..150).map(|nth| in_lane(&format!("lane {nth}")))).await;
    assert_eq!(found(&fixture).await, []);
    fixture.enqueue_one(in_lane("long")).await;
    let jobs = LONG_LANE + 1;
    let long = |jobs| Problem::LaneLong {
        lane: "long".to_owned(),
        waiting: Counted { jobs, or_more: false },
    };
    assert_eq!(found(&fixture).await, [long(jobs)]);
    alone_as_among_the_rest(&fixture).await;
    let batch = worker.claim(1_000).await;
    assert_eq!(batch.jobs.len(), 151);
    assert_eq!(found(&fixture).await, [], "one of them runs");
    worker.settle_all(&batch, &complete()).await;
}
