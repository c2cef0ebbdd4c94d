//! The list of workers.

use windlass_core::limits::LEASE;

use crate::draft::jobs;
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::complete;
use crate::worker::worker;

/// O4, T12, T46, S5: workers are listed, oldest first, as they registered, with what they hold.
pub async fn workers_are_listed_as_they_registered(fixture: StoreFixture) {
    fixture.enqueue(jobs(3).map(|job| job.queue("b"))).await;
    let start = fixture.moment();
    let first =
        fixture.start(worker().serving(&["a", "b"]).knowing(&[("work", 1), ("x", 7)])).await;
    fixture.advance(SECOND);
    let second = fixture.worker().await;
    let batch = first.claim(3).await;
    first.settle(&batch, 1, complete()).await;
    let listed = fixture.store().workers().await.expect("they can be listed");
    let ids: Vec<_> = listed.iter().map(|worker| worker.id).collect();
    assert_eq!(ids, [first.id(), second.id()]);
    let seen = &listed[0];
    assert_eq!((seen.label.as_str(), seen.host.as_str()), (first.label(), "fixture"));
    assert_eq!((seen.pid, seen.build.as_str(), seen.slots), (std::process::id(), "testkit", 10));
    assert_eq!((seen.started_at, seen.seen_at), (start, start));
    assert_eq!((seen.expires_at, seen.running, seen.quiet), (start.after(LEASE), 2, false));
    assert_eq!(seen.queues, ["a", "b"]);
    let handlers: Vec<&str> = seen.handlers.iter().map(|key| key.as_str()).collect();
    assert_eq!(handlers, ["work@1", "x@7"]);
}

/// T12: of ten workers seven die and three are started again and again: the list has those who live, 75 s after each change at the
/// latest, and nobody who is dead is kept in it.
pub async fn only_those_who_live_are_listed(fixture: StoreFixture) {
    let store = fixture.store();
    let mut living = Vec::new();
    for _ in 0..10 {
        living.push(worker().registration());
    }
    for one in &living {
        store.register(one, fixture.now()).await.expect("registered");
    }
    living.truncate(3);
    for nth in 0..50 {
        for _ in 0..3 {
            fixture.advance(25 * SECOND);
            for one in &living {
                store.heartbeat(one.worker, one.lease.into(), fixture.now()).await.expect("alive");
            }
        }
        for one in &living {
            store.sweep(one.worker, fixture.now()).await.expect("swept");
        }
        let mut listed: Vec<_> =
            store.workers().await.expect("listed").iter().map(|one| one.id).collect();
        let mut expected: Vec<_> = living.iter().map(|one| one.worker).collect();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected, "after the start {nth}");
        // One of the three is killed, and another process begins in its place.
        living[nth % 3] = worker().registration();
        store.register(&living[nth % 3], fixture.now()).await.expect("registered");
    }
}
