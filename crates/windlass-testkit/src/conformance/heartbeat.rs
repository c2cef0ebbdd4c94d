//! Heartbeat: the lease is renewed, and the worker learns what it must know.

use std::collections::BTreeSet;

use windlass_core::id::{LeaseId, WorkerId};
use windlass_core::limits::LEASE;
use windlass_core::store::{Batch, Beat, Quiet};

use crate::bench::{Bench, MINUTE, SECOND};
use crate::draft::{job, jobs};
use crate::verdicts::complete;
use crate::worker::Worker;

/// C7, T12: a heartbeat moves the end of the lease.
pub async fn a_heartbeat_renews_the_lease(bench: Bench) {
    let worker = bench.worker().await;
    bench.advance(10 * SECOND);
    assert!(matches!(worker.beat().await, Beat::Alive { .. }));
    let listed = bench.store().workers().await.expect("they can be listed");
    assert_eq!((listed[0].id, listed[0].seen_at), (worker.id(), bench.moment()));
    assert_eq!(listed[0].expires_at, bench.moment().after(LEASE));
}

/// T46, L6: a worker that nobody knows is told so; it must stop and register anew.
pub async fn an_unknown_worker_is_told_that_it_is_gone(bench: Bench) {
    let beat = bench.store().heartbeat(WorkerId::new(), LEASE, bench.now()).await;
    assert_eq!(beat.expect("it is answered"), Beat::Gone);
}

/// C2, L6: so is one whose jobs were given to others.
pub async fn a_worker_that_was_rescued_is_told_that_it_is_gone(bench: Bench) {
    bench.enqueue_one(job()).await;
    let stalled = bench.worker().await;
    stalled.claim(1).await;
    bench.rescue().await;
    assert_eq!(stalled.beat().await, Beat::Gone);
    assert_eq!(stalled.beat().await, Beat::Gone, "a heartbeat does not bring it back");
}

/// C2: a worker learns which of its leases the store has, and only of its own.
pub async fn a_heartbeat_lists_the_leases_held(bench: Bench) {
    bench.enqueue(jobs(5)).await;
    let (worker, other) = (bench.worker().await, bench.worker().await);
    let (first, second) = (worker.claim(2).await, worker.claim(2).await);
    other.claim(1).await;
    check_leases(&worker, &[&first, &second]).await;
    worker.settle_all(&first, &complete()).await;
    check_leases(&worker, &[&second]).await;
    worker.release(&second).await;
    check_leases(&worker, &[]).await;
}

/// X18: a worker learns which of its jobs were called off and why, at every heartbeat until it
/// settles them; a sweep tells that there is news.
pub async fn a_worker_learns_of_jobs_called_off(bench: Bench) {
    let ids = bench.enqueue(jobs(3)).await;
    let (worker, other) = (bench.worker().await, bench.worker().await);
    let batch = worker.claim(2).await;
    other.claim(1).await;
    worker.beat().await;
    assert!(!worker.sweep().await.attention, "there is no news yet");
    bench.cancel(ids[1]).await;
    assert!(worker.sweep().await.attention, "there is news");
    let expected = vec![(ids[1], "not wanted".to_owned())];
    assert_eq!(cancels(&worker).await, expected);
    assert!(!worker.sweep().await.attention, "it was heard");
    assert_eq!(cancels(&worker).await, expected);
    assert_eq!(cancels(&other).await, []);
    worker.settle_all(&batch, &complete()).await;
    assert_eq!(cancels(&worker).await, []);
}

/// T20: the wish for quiet travels to its worker, and back; nobody else hears it.
pub async fn the_wish_for_quiet_travels_in_the_heartbeat(bench: Bench) {
    let (worker, other) = (bench.worker().await, bench.worker().await);
    assert!(!is_quiet(&worker).await);
    assert!(wish(&bench, worker.id(), Quiet::On).await);
    assert!(worker.sweep().await.attention, "there is news");
    assert!(is_quiet(&worker).await);
    assert!(!is_quiet(&other).await);
    let listed = bench.store().workers().await.expect("they can be listed");
    assert_eq!(listed.iter().map(|worker| worker.quiet).collect::<Vec<_>>(), [true, false]);
    assert!(wish(&bench, worker.id(), Quiet::Off).await);
    assert!(!is_quiet(&worker).await);
}

/// T20: a wish to nobody is answered as such.
pub async fn nobody_can_be_asked_to_be_quiet_who_is_not_there(bench: Bench) {
    assert!(!wish(&bench, WorkerId::new(), Quiet::On).await);
    let worker = bench.worker().await;
    let id = worker.id();
    worker.leave().await;
    assert!(!wish(&bench, id, Quiet::On).await);
}

/// T12: the lease lasts as long as the heartbeat says.
pub async fn a_heartbeat_says_how_long_the_lease_lasts(bench: Bench) {
    bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    worker.claim(1).await;
    bench.store().heartbeat(worker.id(), 10 * MINUTE, bench.now()).await.expect("it is answered");
    bench.advance(9 * MINUTE);
    assert_eq!(bench.worker().await.sweep().await.rescued, 0);
    bench.advance(2 * MINUTE);
    assert_eq!(bench.rescue().await.rescued, 1);
}

/// Checks which leases the store has under a worker.
pub(super) async fn check_leases(worker: &Worker<'_>, expected: &[&Batch]) {
    let Beat::Alive { leases, .. } = worker.beat().await else { panic!("the worker is gone") };
    let held: BTreeSet<LeaseId> = leases.into_iter().collect();
    let expected: BTreeSet<LeaseId> = expected.iter().map(|batch| batch.lease).collect();
    assert_eq!(held, expected, "leases under the worker");
}

async fn cancels(worker: &Worker<'_>) -> Vec<(windlass_core::id::JobId, String)> {
    let Beat::Alive { cancels, .. } = worker.beat().await else { panic!("the worker is gone") };
    cancels
}

async fn is_quiet(worker: &Worker<'_>) -> bool {
    let Beat::Alive { quiet, .. } = worker.beat().await else { panic!("the worker is gone") };
    quiet
}

async fn wish(bench: &Bench, worker: WorkerId, wish: Quiet) -> bool {
    bench.store().quiet(worker, wish, bench.now()).await.expect("the wish reaches the store")
}
