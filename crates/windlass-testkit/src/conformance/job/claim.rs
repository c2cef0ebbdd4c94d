//! Claim: the right jobs, in the right order, each to one worker.

use std::collections::HashMap;

use futures_util::future::join_all;
use windlass_core::id::JobId;
use windlass_core::job::Share;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::worker::{job_ids, request, worker};

/// E10: by priority, then by the time they became due, then first in, first out.
pub async fn jobs_come_by_priority_then_due_time_then_age(fixture: StoreFixture) {
    let start = fixture.moment();
    fixture.advance(MINUTE);
    let fifth = fixture.enqueue_one(job().priority(1)).await;
    let third = fixture.enqueue_one(job()).await;
    let fourth = fixture.enqueue_one(job()).await;
    let first = fixture.enqueue_one(job().priority(-1)).await;
    let second = fixture.enqueue_one(job().due_at(start)).await;
    let batch = fixture.worker().await.claim(10).await;
    assert_eq!(job_ids(&batch), [first, second, third, fourth, fifth]);
    let mut positions: Vec<i16> = batch.jobs.iter().map(|job| job.position).collect();
    positions.sort_unstable();
    assert_eq!(positions, [1, 2, 3, 4, 5], "places in the lease count from 1");
}

/// C6, I-L8: the attempt is counted when the job is claimed, before anything runs.
pub async fn the_attempt_is_counted_at_the_claim(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().args("{\"a\":1}").max_attempts(4)).await;
    fixture.advance(SECOND);
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    let claimed = &batch.jobs[0];
    assert_eq!((claimed.id, claimed.attempt, claimed.failures, claimed.losses), (id, 1, 0, 0));
    assert_eq!((claimed.args.as_str(), claimed.max_attempts), ("{\"a\":1}", Some(4)));
    fixture.check_job(id, "running, attempt 1").await;
    let record = fixture.job(id).await;
    assert_eq!(record.started_at, Some(fixture.moment()));
    assert_eq!(record.worker.as_deref(), Some(worker.label()));
}

/// A claim takes no more than it asked for, and leaves the rest where it is.
pub async fn a_claim_takes_no_more_than_it_asked_for(fixture: StoreFixture) {
    let enqueued = fixture.enqueue(jobs(5)).await;
    let worker = fixture.worker().await;
    assert_eq!(job_ids(&worker.claim(3).await), enqueued[..3]);
    fixture.check("available 2, running 3").await;
    assert_eq!(job_ids(&worker.claim(3).await), enqueued[3..]);
    assert_eq!(job_ids(&worker.claim(3).await), []);
}

/// Where there is nothing, no lease is written.
pub async fn an_empty_claim_leaves_no_lease(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    assert_eq!(job_ids(&worker.claim(3).await), []);
    worker.check_leases(&[]).await;
}

/// I-W6: nothing is claimed before it is due.
pub async fn a_job_due_later_is_not_claimed(fixture: StoreFixture) {
    fixture.enqueue_one(job().due_in(MINUTE)).await;
    assert_eq!(job_ids(&fixture.worker().await.claim(10).await), []);
    fixture.check("scheduled 1").await;
}

/// C21: queues give in the order they are named, each no more than its share.
pub async fn queues_give_in_order_and_within_their_shares(fixture: StoreFixture) {
    let slow = fixture.enqueue(jobs(3).map(|job| job.queue("slow"))).await;
    let fast = fixture.enqueue(jobs(3).map(|job| job.queue("fast").priority(9))).await;
    fixture.enqueue(jobs(3).map(|job| job.queue("other"))).await;
    let worker = fixture.start(worker().serving(&["fast", "slow"])).await;
    let mut request = worker.request(10);
    request.shares[0].jobs = 2;
    let batch = worker.claim_by(&request).await;
    assert_eq!(job_ids(&batch), [&fast[..2], &slow].concat());
    fixture.check("available 4, running 5").await;
}

/// C21: all shares together give no more than the claim.
pub async fn all_shares_together_give_no_more_than_the_claim(fixture: StoreFixture) {
    let first = fixture.enqueue(jobs(3).map(|job| job.queue("first"))).await;
    let second = fixture.enqueue(jobs(3).map(|job| job.queue("second"))).await;
    let worker = fixture.start(worker().serving(&["first", "second"])).await;
    assert_eq!(job_ids(&worker.claim(4).await), [&first[..], &second[..1]].concat());
}

/// A queue with no share gives nothing, though its worker serves it.
pub async fn a_share_of_none_gives_nothing(fixture: StoreFixture) {
    fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    let mut request = worker.request(10);
    request.shares = vec![Share { queue: "default".to_owned(), jobs: 0 }];
    assert_eq!(job_ids(&worker.claim_by(&request).await), []);
    fixture.check("available 2").await;
}

/// I-D2, I-L5: what it claimed would be taken back as lost, again and again.
pub async fn a_worker_that_is_not_registered_claims_nothing(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let gone = fixture.worker().await;
    fixture.store().leave(gone.id(), fixture.now()).await.expect("left");
    assert_eq!(gone.claim(10).await.jobs.len(), 0);
    assert_eq!(fixture.worker().await.claim(10).await.jobs.len(), 1);
}

/// A claim's args stay within its bytes.
pub async fn args_stay_within_the_bytes_of_a_claim(fixture: StoreFixture) {
    fixture.enqueue(jobs(5).map(|job| job.bytes(100))).await;
    let worker = fixture.worker().await;
    let mut request = worker.request(10);
    request.bytes = 250;
    assert_eq!(worker.claim_by(&request).await.jobs.len(), 2);
    fixture.check("available 3, running 2").await;
}

/// A job larger than the bytes of a claim is still taken, alone.
pub async fn a_job_larger_than_the_bytes_is_taken_alone(fixture: StoreFixture) {
    let large = fixture.enqueue_one(job().bytes(1_000)).await;
    fixture.enqueue_one(job().bytes(100)).await;
    let worker = fixture.worker().await;
    let mut request = worker.request(10);
    request.bytes = 250;
    assert_eq!(job_ids(&worker.claim_by(&request).await), [large]);
}

/// C27, C26, E19: what the worker does not know stays, in whatever kind or version, and does not
/// stand in the way of what it knows.
pub async fn only_known_kinds_and_versions_are_claimed(fixture: StoreFixture) {
    fixture.enqueue(jobs(20).map(|job| job.kind("a.ghost").priority(-5))).await;
    fixture.enqueue_one(job().kind("a.known").version(2)).await;
    let known = fixture.enqueue_one(job().kind("a.known")).await;
    let worker = fixture.start(worker().knowing(&[("a.known", 1), ("b.known", 2)])).await;
    assert_eq!(job_ids(&worker.claim(10).await), [known]);
    fixture.check("available 21, running 1").await;
}

/// I-L1: claim ids are never handed out by a store: the batch is held under the lease asked for.
pub async fn a_batch_is_held_under_the_lease_that_was_asked_for(fixture: StoreFixture) {
    fixture.enqueue(jobs(3)).await;
    let worker = fixture.worker().await;
    let request = worker.request(2);
    let batch = worker.claim_by(&request).await;
    assert_eq!(batch.lease, request.lease);
    worker.check_leases(&[&batch]).await;
}

/// I-W1: whatever a worker has learnt about a queue, a job that comes in front of
/// what it had is not overlooked, no matter which process brings it.
pub async fn jobs_that_come_in_front_are_not_overlooked(fixture: StoreFixture) {
    let start = fixture.moment();
    fixture.advance(MINUTE);
    let worker = fixture.worker().await;
    let later = fixture.enqueue_one(job().due_in(SECOND)).await;
    fixture.enqueue(jobs(50)).await;
    let handed_back = worker.claim(1).await;
    for _ in 0..3 {
        worker.claim(10).await;
    }
    let urgent = fixture.enqueue_one(job().priority(-3)).await;
    let older = fixture.enqueue_one(job().due_at(start)).await;
    assert_eq!(job_ids(&worker.claim(2).await), [urgent, older]);
    let elsewhere = [job().priority(-2).done(), job().due_at(start).done()];
    let other = fixture.another_store().await;
    other.enqueue(&elsewhere, fixture.now()).await.expect("it reaches the store");
    assert_eq!(job_ids(&worker.claim(2).await), [elsewhere[0].id, elsewhere[1].id]);
    worker.release(&handed_back).await;
    fixture.advance(SECOND);
    worker.sweep().await;
    let mut left = Vec::new();
    for _ in 0..3 {
        left.extend(job_ids(&worker.claim(10).await));
    }
    assert!(left.contains(&later) && left.contains(&handed_back.jobs[0].id));
    assert_eq!(left.len(), 21, "all that is left");
}

/// C2, O5, I-L2: workers that claim at the same moment share no job, and leave none over.
pub async fn racing_claims_share_no_job_and_leave_none(fixture: StoreFixture) {
    let enqueued = fixture.enqueue(jobs(200)).await;
    let workers = [fixture.worker().await, fixture.worker().await, fixture.worker().await];
    let mut taken: HashMap<JobId, usize> = HashMap::new();
    for _ in 0..50 {
        let batches = join_all(workers.iter().map(|worker| worker.claim(7))).await;
        for id in batches.iter().flat_map(job_ids) {
            *taken.entry(id).or_default() += 1;
        }
    }
    assert!(taken.values().all(|times| *times == 1), "a job was claimed twice");
    assert_eq!(taken.len(), enqueued.len());
    fixture.check("running 200").await;
}

/// C4, O5: the same where each claims through connections of its own, and nobody is told of a lock.
pub async fn claims_of_several_processes_share_no_job_and_none_fails(fixture: StoreFixture) {
    let enqueued = fixture.enqueue(jobs(300)).await;
    let stores =
        [fixture.another_store().await, fixture.another_store().await, fixture.shared_store()];
    let now = fixture.now();
    let claimants = stores.map(|store| async move {
        let registration = worker().registration();
        store.register(&registration, now).await.expect("a worker can register");
        let mut taken: Vec<JobId> = Vec::new();
        loop {
            let claims = [3, 1, 7].map(|jobs| request(&registration, jobs));
            let batches = join_all(claims.iter().map(|claim| store.claim(claim, now))).await;
            let before = taken.len();
            for batch in batches {
                taken.extend(job_ids(&batch.expect("a claim meets no lock")));
            }
            if taken.len() == before {
                return taken;
            }
        }
    });
    let mut taken = join_all(claimants).await.concat();
    taken.sort();
    assert_eq!(taken, enqueued, "each once");
    fixture.check("running 300").await;
}
