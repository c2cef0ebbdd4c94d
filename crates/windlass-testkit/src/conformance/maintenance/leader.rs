//! Leader: of all workers one does what time brings, and there is always one.

use futures_util::future::join_all;
use windlass_core::limits::{LEADER_TTL, LEASE};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};

/// X5: the first worker to sweep leads; the others only look.
pub async fn one_worker_leads_and_the_others_do_nothing(fixture: StoreFixture) {
    let (leader, other) = (fixture.worker().await, fixture.worker().await);
    fixture.enqueue_one(job().due_in(SECOND)).await;
    assert!(leader.sweep().await.leads);
    fixture.advance(SECOND);
    let looked = other.sweep().await;
    assert_eq!((looked.leads, looked.promoted), (false, 0));
    fixture.check("scheduled 1").await;
    assert_eq!(leader.sweep().await.promoted, 1);
}

/// X5: a leader that sweeps stays leader for as long as it does.
pub async fn a_leader_that_sweeps_stays_leader(fixture: StoreFixture) {
    let (leader, other) = (fixture.worker().await, fixture.worker().await);
    for _ in 0..40 {
        assert!(leader.sweep().await.leads);
        assert!(!other.sweep().await.leads);
        fixture.advance(SECOND);
        leader.beat().await;
        other.beat().await;
    }
}

/// X5: a leader that no longer sweeps is replaced after its time.
pub async fn a_silent_leader_is_replaced_after_its_time(fixture: StoreFixture) {
    let (silent, other) = (fixture.worker().await, fixture.worker().await);
    assert!(silent.sweep().await.leads);
    fixture.advance(LEADER_TTL - SECOND);
    assert!(!other.sweep().await.leads, "its time is not over");
    fixture.advance(SECOND);
    assert!(other.sweep().await.leads);
    assert!(!silent.sweep().await.leads);
}

/// X5: a leader that leaves is replaced at once.
pub async fn a_leader_that_leaves_is_replaced_at_once(fixture: StoreFixture) {
    let (leader, other) = (fixture.worker().await, fixture.worker().await);
    assert!(leader.sweep().await.leads);
    assert!(!other.sweep().await.leads);
    leader.leave().await;
    assert!(other.sweep().await.leads);
}

/// X5: a leader whose lease ran out is replaced at once, and what it held is taken back in the
/// same round.
pub async fn a_dead_leader_is_replaced_and_rescued_in_one_round(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let (leader, other) = (fixture.worker().await, fixture.worker().await);
    leader.claim(1).await;
    fixture.advance(LEASE - SECOND);
    other.beat().await;
    assert!(leader.sweep().await.leads);
    fixture.advance(2 * SECOND);
    let swept = other.sweep().await;
    assert_eq!((swept.leads, swept.dead_workers, swept.rescued), (true, 1, 1));
    fixture.check("available 1").await;
}

/// T3: each sweep says how many workers live, so that many of them need not all look for the leader.
pub async fn a_sweep_tells_how_many_workers_live(fixture: StoreFixture) {
    let leader = fixture.worker().await;
    assert_eq!(leader.sweep().await.workers, 1);
    let (follower, silent) = (fixture.worker().await, fixture.worker().await);
    assert_eq!(follower.sweep().await.workers, 3);
    fixture.advance(LEASE - SECOND);
    leader.beat().await;
    follower.beat().await;
    fixture.advance(2 * SECOND);
    assert_eq!(leader.sweep().await.workers, 2, "the silent one is dead");
    assert_eq!(follower.sweep().await.workers, 2);
    assert!(!silent.sweep().await.leads);
    leader.leave().await;
    assert_eq!(follower.sweep().await.workers, 1);
}

/// X5, X7: of workers that sweep at the same moment one leads, and each due job is promoted once.
pub async fn of_racing_sweeps_one_leads(fixture: StoreFixture) {
    for _ in 0..10 {
        fixture.enqueue(jobs(20).map(|job| job.due_in(SECOND))).await;
        fixture.advance(MINUTE);
        let workers = [fixture.worker().await, fixture.worker().await, fixture.worker().await];
        let sweeps = join_all(workers.iter().map(|worker| worker.sweep())).await;
        assert_eq!(sweeps.iter().filter(|swept| swept.leads).count(), 1, "{sweeps:?}");
        assert_eq!(sweeps.iter().map(|swept| swept.promoted).sum::<u64>(), 20, "{sweeps:?}");
    }
    fixture.check("available 200").await;
}
