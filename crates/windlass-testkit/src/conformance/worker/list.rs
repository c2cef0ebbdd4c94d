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
