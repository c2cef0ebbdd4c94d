//! Park: jobs that nobody knows step aside, visibly, until somebody does.

use crate::bench::{Bench, MINUTE};
use crate::draft::{job, jobs};
use crate::verdicts::hand_back;
use crate::worker::worker;

/// C27, C26: kinds and versions that no worker knows are parked and say why; known ones are not.
pub async fn jobs_that_nobody_knows_are_parked(bench: Bench) {
    let _worker = bench.worker().await;
    let ghost = bench.enqueue_one(job().kind("ghost")).await;
    let newer = bench.enqueue_one(job().version(2)).await;
    let known = bench.enqueue_one(job()).await;
    assert_eq!(bench.tidy().await.parked, 2);
    bench.check_job(ghost, "waiting: no live worker knows ghost@1").await;
    bench.check_job(newer, "waiting: no live worker knows work@2").await;
    bench.check_job(known, "available").await;
    assert_eq!(bench.tidy().await.parked, 0);
    bench.check("waiting 2, available 1").await;
}

/// C27: a worker that knows them brings them back by coming.
pub async fn a_worker_that_knows_them_brings_parked_jobs_back(bench: Bench) {
    let _worker = bench.worker().await;
    let ids = bench.enqueue(jobs(10).map(|job| job.kind("ghost"))).await;
    bench.tidy().await;
    bench.check("waiting 10").await;
    bench.advance(MINUTE);
    let knower = bench.start(worker().knowing(&[("ghost", 1)])).await;
    bench.check("available 10").await;
    bench.check_job(ids[0], "available").await;
    assert_eq!(super::claim::ids(&knower.claim(20).await), ids);
}

/// C26: coming with another version brings nothing back.
pub async fn a_worker_of_another_version_brings_nothing_back(bench: Bench) {
    let _worker = bench.worker().await;
    bench.enqueue_one(job().kind("ghost").version(2)).await;
    bench.tidy().await;
    bench.start(worker().knowing(&[("ghost", 1), ("ghost", 3)])).await;
    assert_eq!(bench.tidy().await.unparked, 0);
    bench.check("waiting 1").await;
}

/// C27: what a worker knew is parked once that worker has left; a handed-back job too.
pub async fn what_only_a_gone_worker_knew_is_parked(bench: Bench) {
    let _other = bench.worker().await;
    bench.enqueue(jobs(2).map(|job| job.kind("rare"))).await;
    let knower = bench.start(worker().knowing(&[("rare", 1)])).await;
    assert_eq!(bench.tidy().await.parked, 0);
    knower.run_one(hand_back()).await;
    knower.leave().await;
    assert_eq!(bench.tidy().await.parked, 2);
    bench.check("waiting 2").await;
}

/// C27: a parked job keeps its place: it is as old as it was.
pub async fn a_parked_job_keeps_its_due_time(bench: Bench) {
    let _worker = bench.worker().await;
    let parked = bench.enqueue_one(job().kind("ghost")).await;
    bench.tidy().await;
    bench.advance(MINUTE);
    let fresh = bench.enqueue_one(job()).await;
    let knower = bench.start(worker().knowing(&[("ghost", 1), ("work", 1)])).await;
    assert_eq!(super::claim::ids(&knower.claim(9).await), [parked, fresh]);
}
