//! Park: jobs that nobody knows step aside, visibly, until somebody does.

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::hand_back;
use crate::worker::{job_ids, worker};

/// C27, C26: kinds and versions that no worker knows are parked and say why; known ones are not.
pub async fn jobs_that_nobody_knows_are_parked(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let ghost = fixture.enqueue_one(job().kind("ghost")).await;
    let newer = fixture.enqueue_one(job().version(2)).await;
    let known = fixture.enqueue_one(job()).await;
    assert_eq!(fixture.tidy().await.parked, 2);
    fixture.check_job(ghost, "waiting: no live worker knows ghost@1").await;
    fixture.check_job(newer, "waiting: no live worker knows work@2").await;
    fixture.check_job(known, "available").await;
    assert_eq!(fixture.tidy().await.parked, 0);
    fixture.check("waiting 2, available 1").await;
}

/// C27: a worker that knows them brings them back by coming.
pub async fn a_worker_that_knows_them_brings_parked_jobs_back(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(10).map(|job| job.kind("ghost"))).await;
    fixture.tidy().await;
    fixture.check("waiting 10").await;
    fixture.advance(MINUTE);
    let knower = fixture.start(worker().knowing(&[("ghost", 1)])).await;
    fixture.check("available 10").await;
    fixture.check_job(ids[0], "available").await;
    assert_eq!(job_ids(&knower.claim(20).await), ids);
}

/// C26: coming with another version brings nothing back.
pub async fn a_worker_of_another_version_brings_nothing_back(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    fixture.enqueue_one(job().kind("ghost").version(2)).await;
    fixture.tidy().await;
    fixture.start(worker().knowing(&[("ghost", 1), ("ghost", 3)])).await;
    assert_eq!(fixture.tidy().await.unparked, 0);
    fixture.check("waiting 1").await;
}

/// C27: what a worker knew is parked once that worker has left; a handed-back job too.
pub async fn what_only_a_gone_worker_knew_is_parked(fixture: StoreFixture) {
    let _other = fixture.worker().await;
    fixture.enqueue(jobs(2).map(|job| job.kind("rare"))).await;
    let knower = fixture.start(worker().knowing(&[("rare", 1)])).await;
    assert_eq!(fixture.tidy().await.parked, 0);
    knower.run_one(hand_back()).await;
    knower.leave().await;
    assert_eq!(fixture.tidy().await.parked, 2);
    fixture.check("waiting 2").await;
}

/// C27: a parked job keeps its place: it is as old as it was.
pub async fn a_parked_job_keeps_its_due_time(fixture: StoreFixture) {
    let _worker = fixture.worker().await;
    let parked = fixture.enqueue_one(job().kind("ghost")).await;
    fixture.tidy().await;
    fixture.advance(MINUTE);
    let fresh = fixture.enqueue_one(job()).await;
    let knower = fixture.start(worker().knowing(&[("ghost", 1), ("work", 1)])).await;
    assert_eq!(job_ids(&knower.claim(9).await), [parked, fresh]);
}
