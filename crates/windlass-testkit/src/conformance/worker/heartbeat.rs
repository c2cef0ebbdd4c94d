//! Heartbeat: the lease is renewed, and the worker learns what it must know.

use windlass_core::id::WorkerId;
use windlass_core::job::Settled;
use windlass_core::limits::LEASE;
use windlass_core::worker::{Beat, Quiet, Registration, Renewal};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::complete;
use crate::worker::{Worker, worker as profile};

/// C7, T12: a heartbeat moves the end of the lease.
pub async fn a_heartbeat_renews_the_lease(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.advance(10 * SECOND);
    assert!(matches!(worker.beat().await, Beat::Alive { .. }));
    let listed = fixture.store().workers().await.expect("they can be listed");
    assert_eq!((listed[0].id, listed[0].seen_at), (worker.id(), fixture.moment()));
    assert_eq!(listed[0].expires_at, fixture.moment().after(LEASE));
}

/// T46, I-L6: a worker that nobody knows is told so; it must stop and register again.
pub async fn an_unknown_worker_is_told_that_it_is_gone(fixture: StoreFixture) {
    let beat = fixture.store().heartbeat(WorkerId::new(), LEASE.into(), fixture.now()).await;
    assert_eq!(beat.expect("it is answered"), Beat::Gone);
}

/// C2, I-L6: so is one whose jobs were given to others.
pub async fn a_worker_that_was_rescued_is_told_that_it_is_gone(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let stalled = fixture.worker().await;
    stalled.claim(1).await;
    fixture.rescue().await;
    assert_eq!(stalled.beat().await, Beat::Gone);
    assert_eq!(stalled.beat().await, Beat::Gone, "a heartbeat does not bring it back");
}

/// C2: a worker learns which of its leases the store has, and only of its own.
pub async fn a_heartbeat_lists_the_leases_held(fixture: StoreFixture) {
    fixture.enqueue(jobs(5)).await;
    let (worker, other) = (fixture.worker().await, fixture.worker().await);
    let (first, second) = (worker.claim(2).await, worker.claim(2).await);
    other.claim(1).await;
    worker.check_leases(&[&first, &second]).await;
    worker.settle_all(&first, &complete()).await;
    worker.check_leases(&[&second]).await;
    worker.release(&second).await;
    worker.check_leases(&[]).await;
}

/// X18: a worker learns which of its jobs were cancelled and why, at every heartbeat until it
/// settles them; a sweep tells that there is news.
pub async fn a_worker_learns_of_cancel_requests(fixture: StoreFixture) {
    let ids = fixture.enqueue(jobs(3)).await;
    let (worker, other) = (fixture.worker().await, fixture.worker().await);
    let batch = worker.claim(2).await;
    other.claim(1).await;
    worker.beat().await;
    assert!(!worker.sweep().await.attention, "there is no news yet");
    fixture.cancel(ids[1]).await;
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
pub async fn the_wish_for_quiet_travels_in_the_heartbeat(fixture: StoreFixture) {
    let (worker, other) = (fixture.worker().await, fixture.worker().await);
    assert!(!is_quiet(&worker).await);
    assert!(wish(&fixture, worker.id(), Quiet::On).await);
    assert!(worker.sweep().await.attention, "there is news");
    assert!(is_quiet(&worker).await);
    assert!(!is_quiet(&other).await);
    let listed = fixture.store().workers().await.expect("they can be listed");
    assert_eq!(listed.iter().map(|worker| worker.quiet).collect::<Vec<_>>(), [true, false]);
    assert!(wish(&fixture, worker.id(), Quiet::Off).await);
    assert!(!is_quiet(&worker).await);
}

/// T20: a wish to nobody is answered as such.
pub async fn nobody_can_be_asked_to_be_quiet_who_is_not_there(fixture: StoreFixture) {
    assert!(!wish(&fixture, WorkerId::new(), Quiet::On).await);
    let worker = fixture.worker().await;
    let id = worker.id();
    worker.leave().await;
    assert!(!wish(&fixture, id, Quiet::On).await);
}

/// T55: the wish to stop travels to its worker at every heartbeat until it has left, and nobody else hears it.
pub async fn the_wish_to_stop_travels_in_the_heartbeat(fixture: StoreFixture) {
    let (worker, other) = (fixture.worker().await, fixture.worker().await);
    assert!(!is_stopping(&worker).await);
    for _ in 0..2 {
        assert!(stop(&fixture, worker.id()).await);
        assert!(worker.sweep().await.attention, "there is news");
        assert!(is_stopping(&worker).await);
    }
    assert!(is_stopping(&worker).await, "until it has left");
    assert!(!is_stopping(&other).await);
    let listed = fixture.store().workers().await.expect("they can be listed");
    assert_eq!(listed.iter().map(|worker| worker.stopping).collect::<Vec<_>>(), [true, false]);
    assert_eq!(listed.iter().map(|one| one.takes_work()).collect::<Vec<_>>(), [false, true]);
    // Another wish takes nothing of it back.
    assert!(wish(&fixture, worker.id(), Quiet::Off).await);
    assert!(is_stopping(&worker).await);
}

/// T55: nobody stops who is not there.
pub async fn nobody_can_be_asked_to_stop_who_is_not_there(fixture: StoreFixture) {
    assert!(!stop(&fixture, WorkerId::new()).await);
    let worker = fixture.worker().await;
    let id = worker.id();
    worker.leave().await;
    assert!(!stop(&fixture, id).await);
}

/// T12: the lease lasts as long as the heartbeat says.
pub async fn a_heartbeat_says_how_long_the_lease_lasts(fixture: StoreFixture) {
    fixture.enqueue_one(job()).await;
    let worker = fixture.worker().await;
    worker.claim(1).await;
    fixture
        .store()
        .heartbeat(worker.id(), (10 * MINUTE).into(), fixture.now())
        .await
        .expect("it is answered");
    fixture.advance(9 * MINUTE);
    assert_eq!(fixture.worker().await.sweep().await.rescued, 0);
    fixture.advance(2 * MINUTE);
    assert_eq!(fixture.rescue().await.rescued, 1);
}

/// T12: the list says when a worker has last claimed, as its heartbeats say; one that does not know it takes nothing back, and one
/// that knows less neither.
pub async fn the_list_says_when_a_worker_has_last_claimed(fixture: StoreFixture) {
    let (worker, other) = (fixture.worker().await, fixture.worker().await);
    let beat = async |ago: Option<u32>| {
        let renewal = Renewal { lease: LEASE, claimed: ago.map(|seconds| SECOND * seconds) };
        let beat = fixture.store().heartbeat(worker.id(), renewal, fixture.now()).await;
        assert!(matches!(beat.expect("it is answered"), Beat::Alive { .. }));
        let listed = fixture.store().workers().await.expect("they can be listed");
        let claimed = |id| listed.iter().find(|one| one.id == id).expect("listed").claimed_at;
        assert_eq!(claimed(other.id()), None, "of another worker nothing was said");
        claimed(worker.id())
    };
    assert_eq!(beat(None).await, None, "it has claimed nothing");
    fixture.advance(10 * SECOND);
    let claimed_at = fixture.moment();
    fixture.advance(3 * SECOND);
    assert_eq!(beat(Some(3)).await, Some(claimed_at));
    fixture.advance(10 * SECOND);
    assert_eq!(beat(None).await, Some(claimed_at), "who does not know it takes nothing back");
    assert_eq!(beat(Some(15)).await, Some(claimed_at), "nor does who knows of an older one");
    assert_eq!(beat(Some(0)).await, Some(fixture.moment()));
}

async fn cancels(worker: &Worker<'_>) -> Vec<(windlass_core::id::JobId, String)> {
    let Beat::Alive { cancels, .. } = worker.beat().await else { panic!("the worker is gone") };
    cancels
}

async fn is_quiet(worker: &Worker<'_>) -> bool {
    let Beat::Alive { quiet, .. } = worker.beat().await else { panic!("the worker is gone") };
    quiet
}

async fn is_stopping(worker: &Worker<'_>) -> bool {
    let Beat::Alive { stopping, .. } = worker.beat().await else { panic!("the worker is gone") };
    stopping
}

async fn stop(fixture: &StoreFixture, worker: WorkerId) -> bool {
    fixture.store().stop_worker(worker, fixture.now()).await.expect("the wish reaches the store")
}

async fn wish(fixture: &StoreFixture, worker: WorkerId, wish: Quiet) -> bool {
    fixture.store().quiet(worker, wish, fixture.now()).await.expect("the wish reaches the store")
}

/// A24: of two workers with one host, one process id and one label the end and the return of one takes nothing from the other:
/// a worker is what registered, and jobs are taken back by their leases alone.
pub async fn workers_of_one_host_are_apart(fixture: StoreFixture) {
    fixture.enqueue(jobs(2)).await;
    let twin = async || {
        let label = "twin".to_owned();
        let registration = Registration { label, ..profile().registration() };
        fixture.store().register(&registration, fixture.now()).await.expect("registered");
        Worker::new(&fixture, registration)
    };
    let (lives, dies) = (twin().await, twin().await);
    let (kept, lost) = (lives.claim(1).await, dies.claim(1).await);
    for _ in 0..2 {
        fixture.advance(LEASE / 2 + SECOND);
        assert!(matches!(lives.beat().await, Beat::Alive { .. }));
    }
    let returned = twin().await;
    returned.sweep().await;
    lives.sweep().await;
    fixture.check("available 1, running 1").await;
    assert_eq!(dies.settle(&lost, 0, complete()).await, Settled::Lost);
    assert_eq!(lives.settle(&kept, 0, complete()).await, Settled::Done);
    returned.leave().await;
    assert!(matches!(lives.beat().await, Beat::Alive { .. }));
}
