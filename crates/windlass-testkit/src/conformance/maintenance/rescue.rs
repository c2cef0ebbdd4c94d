//! Rescue: what a dead worker held comes back, once, and not for ever.

use std::time::Duration;

use windlass_core::job::Settled;
use windlass_core::limits::{LEASE, SWEEP_JOBS};
use windlass_core::worker::{LivesWith, Registration};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, retry, retry_after};
use crate::worker::{job_ids, request, settlement, worker};

/// C7, T13, X10: after the lease the job is available again; the attempt counts as lost, which
/// is a failure.
pub async fn a_dead_workers_job_comes_back(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let dead = fixture.worker().await;
    dead.claim(1).await;
    let swept = fixture.rescue().await;
    assert_eq!((swept.dead_workers, swept.rescued, swept.died), (1, 1, 0));
    fixture.check_job(id, "available, attempt 1, failures 1, losses 1, history lost").await;
    let past = &fixture.job(id).await.history[0];
    assert_eq!((past.worker.as_str(), past.ended_at), (dead.label(), Some(fixture.moment())));
    assert_eq!(fixture.store().workers().await.expect("they can be listed").len(), 1);
}

/// I-L5: nobody is rescued while the lease holds.
pub async fn nothing_is_rescued_while_the_lease_holds(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    fixture.advance(LEASE - SECOND);
    let swept = fixture.worker().await.sweep().await;
    assert_eq!((swept.leads, swept.dead_workers, swept.rescued), (true, 0, 0));
    fixture.check("running 1").await;
}

/// A worker that lives with its lease, registered at another store of the same database.
fn remote() -> Registration {
    Registration { lives_with: LivesWith::Lease, ..worker().registration() }
}

/// T8, I-L5: a worker that speaks through another process keeps its jobs when that process dies, as long as its lease lasts.
pub async fn a_worker_that_lives_with_its_lease_outlives_who_registered_it(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    let (remote, server) = (remote(), fixture.another_store().await);
    server.register(&remote, fixture.now()).await.expect("registered");
    let batch = server.claim(&request(&remote, 1), fixture.now()).await.expect("claimed");
    assert_eq!(batch.jobs.len(), 1);
    drop(server);
    fixture.advance(LEASE - SECOND);
    let sweeper = fixture.worker().await;
    assert_eq!(sweeper.sweep().await.dead_workers, 0);
    fixture.check_job(id, "running, attempt 1").await;
    fixture.advance(SECOND * 2);
    let swept = sweeper.sweep().await;
    assert_eq!((swept.dead_workers, swept.rescued), (1, 1));
    fixture.check_job(id, "available, attempt 1, failures 1, losses 1, history lost").await;
}

/// T8: what a worker claimed through one process it settles through another, which registers it once more.
pub async fn a_worker_registered_again_is_the_same(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let (remote, server) = (remote(), fixture.another_store().await);
    server.register(&remote, fixture.now()).await.expect("registered");
    let batch = server.claim(&request(&remote, 1), fixture.now()).await.expect("claimed");
    drop(server);
    fixture.advance(LEASE - SECOND);
    fixture.store().register(&remote, fixture.now()).await.expect("registered again");
    fixture.advance(LEASE - SECOND);
    assert_eq!(fixture.worker().await.sweep().await.dead_workers, 0, "its lease has begun again");
    assert_eq!(fixture.store().workers().await.expect("listed").len(), 2);
    let settlements = [settlement(&batch, 0, complete())];
    let answers = fixture.store().settle(remote.worker, &settlements, fixture.now()).await;
    assert_eq!(answers.expect("sent"), [Settled::Done]);
    assert_eq!(fixture.job(batch.jobs[0].id).await.worker.as_deref(), Some(remote.label.as_str()));
}

/// C7, I-L5: a heartbeat puts the end of the lease off.
pub async fn a_worker_that_beats_keeps_its_jobs(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let alive = fixture.worker().await;
    let batch = alive.claim(1).await;
    for _ in 0..5 {
        fixture.advance(LEASE - SECOND);
        alive.beat().await;
        assert_eq!(fixture.worker().await.sweep().await.rescued, 0);
    }
    assert_eq!(alive.settle(&batch, 0, complete()).await, Settled::Done);
}

/// X17: what killed its worker goes behind fresh jobs of equal priority, not before them.
pub async fn a_rescued_job_goes_behind_fresh_ones(fixture: StoreFixture) {
    let poison = fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    fixture.advance(MINUTE);
    let fresh = fixture.enqueue(jobs(2)).await;
    let less_urgent = fixture.enqueue_one(job().priority(1)).await;
    fixture.rescue().await;
    let batch = fixture.worker().await.claim(10).await;
    assert_eq!(job_ids(&batch), [fresh[0], fresh[1], poison, less_urgent]);
}

/// C13: after the second loss the job waits a little, apart from those lost beside it.
pub async fn the_second_loss_makes_a_job_wait(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    for _ in 0..2 {
        fixture.worker().await.claim(1).await;
        fixture.rescue().await;
    }
    let wait = fixture.job(id).await.run_at.since(fixture.moment());
    let expected = Duration::from_millis(500)..Duration::from_millis(2_500);
    assert!(expected.contains(&wait), "it waits {wait:?}");
    fixture.check("retryable 1").await;
    fixture.promote().await;
    fixture.check_job(id, "available, attempt 2, failures 2, losses 2, history lost lost").await;
}

/// C13: the third loss is the last; the job is dead and says why.
pub async fn the_third_loss_is_the_last(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_attempts(0)).await;
    for _ in 0..2 {
        fixture.worker().await.claim(1).await;
        fixture.rescue().await;
        fixture.promote().await;
    }
    fixture.worker().await.claim(1).await;
    let swept = fixture.rescue().await;
    assert_eq!((swept.rescued, swept.died), (1, 1));
    let expected = "dead, attempt 3, failures 3, losses 3, history lost lost lost: lost 3 times";
    fixture.check_job(id, expected).await;
    fixture.check("dead 1").await;
}

/// X1, I-L8: a loss uses up an attempt like any failure.
pub async fn a_loss_can_use_up_the_last_attempt(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().max_attempts(2)).await;
    fixture.worker().await.run_one(retry(SECOND)).await;
    fixture.promote().await;
    fixture.worker().await.claim(1).await;
    fixture.rescue().await;
    let expected = "dead, attempt 2, failures 2, losses 1, history error lost: \
                    gave up after 2 failed attempts, the last one lost";
    fixture.check_job(id, expected).await;
}

/// I-L5, I-L3: of a half-settled batch only the unsettled jobs are taken back.
pub async fn only_unsettled_jobs_are_rescued(fixture: StoreFixture) {
    let [done, failed, held] = fixture.enqueue(jobs(3)).await[..] else { panic!("three jobs") };
    let dead = fixture.worker().await;
    let batch = dead.claim(3).await;
    let verdict = retry_after(windlass_core::job::Outcome::Error, 60 * MINUTE);
    dead.send(&[settlement(&batch, 0, complete()), settlement(&batch, 1, verdict)]).await;
    assert_eq!(fixture.rescue().await.rescued, 1);
    fixture.check_job(done, "completed, attempt 1").await;
    assert_eq!(fixture.job(failed).await.failures, 1);
    fixture.check_job(held, "available, attempt 1, failures 1, losses 1, history lost").await;
}

/// I-L2, I-L5: a job settled by its worker and claimed by another is none of the dead one's.
pub async fn a_job_that_moved_on_is_not_rescued(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(2)).await;
    let dead = fixture.worker().await;
    let batch = dead.claim(2).await;
    dead.settle(&batch, 0, crate::verdicts::hand_back()).await;
    fixture.advance(LEASE + SECOND);
    let alive = fixture.worker().await;
    let theirs = alive.claim(1).await;
    assert_eq!(alive.sweep().await.rescued, 1);
    fixture.check_job(ids[0], "running, attempt 2, history released").await;
    assert_eq!(alive.settle(&theirs, 0, complete()).await, Settled::Done);
}

/// X18, I-C3: a job with a cancel request of a dead worker is cancelled, not run again.
pub async fn a_job_asked_to_cancel_is_cancelled_at_rescue(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job()).await;
    fixture.worker().await.claim(1).await;
    fixture.cancel(id).await;
    assert_eq!(fixture.rescue().await.rescued, 1);
    fixture.check("cancelled 1").await;
    let record = fixture.job(id).await;
    assert_eq!((record.reason.as_deref(), record.losses), (Some("not wanted"), 0));
}

/// S2, I-D2: however much a dead worker held, nothing of it stays.
pub async fn everything_a_dead_worker_held_comes_back(fixture: StoreFixture) {
    fixture.enqueue(jobs(SWEEP_JOBS + 200)).await;
    let dead = fixture.worker().await;
    for _ in 0..3 {
        dead.claim(400).await;
    }
    fixture.advance(LEASE + SECOND);
    let sweeper = fixture.worker().await;
    for _ in 0..5 {
        sweeper.sweep().await;
    }
    fixture.check("available 1200").await;
}

/// S2, I-D2, I-L2: a worker that was taken off the list, and does not know it yet, may still ask
/// for jobs. What it gets, if anything, must not be lost when it dies.
pub async fn jobs_claimed_by_a_removed_worker_are_not_stranded(fixture: StoreFixture) {
    fixture.enqueue(jobs(2)).await;
    let stalled = fixture.worker().await;
    stalled.claim(1).await;
    fixture.rescue().await;
    stalled.claim(10).await;
    for _ in 0..3 {
        fixture.rescue().await;
    }
    assert!(fixture.find("state:running").await.is_empty(), "a job runs for ever, held by nobody");
}

/// T16, C7: the end of a process is noticed before its lease runs out.
pub async fn a_dead_process_is_noticed_before_its_lease_ends(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let sweeper = fixture.worker().await;
    let process = fixture.another_store().await;
    let doomed = worker().registration();
    process.register(&doomed, fixture.now()).await.expect("it registers");
    let mut request = sweeper.request(1);
    request.worker = doomed.worker;
    assert_eq!(process.claim(&request, fixture.now()).await.expect("it claims").jobs.len(), 1);
    assert_eq!(sweeper.sweep().await.rescued, 0, "while it lives");
    drop(process);
    let noticed = async {
        // The server may need a moment to see that a connection has ended, and a store may take
        // a second look some time after the first.
        let latest = fixture.moment().after(LEASE / 2);
        while sweeper.sweep().await.rescued == 0 {
            if fixture.moment() < latest {
                fixture.advance(SECOND / 2);
            }
        }
    };
    tokio::time::timeout(5 * SECOND, noticed).await.expect("it is noticed within five seconds");
    fixture.check("available 1").await;
}

/// C2, C3, I-L7: where a settlement and a rescue meet, one of them wins, and the answer says which.
pub async fn a_settlement_and_a_rescue_do_not_both_win(fixture: StoreFixture) {
    for _ in 0..30 {
        let id = fixture.enqueue_one(job().priority(-1)).await;
        let slow = fixture.worker().await;
        let batch = slow.claim(1).await;
        fixture.advance(LEASE + SECOND);
        let sweeper = fixture.worker().await;
        let (settled, swept) = tokio::join!(slow.settle(&batch, 0, complete()), sweeper.sweep());
        let expected = match settled {
            Settled::Done => "completed, attempt 1",
            _ => "available, attempt 1, failures 1, losses 1, history lost",
        };
        fixture.check_job(id, expected).await;
        assert_eq!(swept.rescued, u64::from(settled != Settled::Done), "after {settled:?}");
        // What was taken back would be claimed before the next round's job.
        fixture.store().cancel(&[id], "the round is over", fixture.now()).await.expect("cancelled");
    }
}
