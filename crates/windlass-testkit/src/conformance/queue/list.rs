//! The list of queues.

use std::collections::BTreeMap;

use windlass_core::queue::{Pause, QueueRecord};

use crate::draft::job;
use crate::fixture::{MINUTE, StoreFixture};
use crate::worker::worker;

/// C18, O30: queues are listed with their workers, pauses and the age of their oldest due job.
pub async fn queues_are_listed_with_workers_and_ages(fixture: StoreFixture) {
    let oldest = fixture.moment();
    fixture.enqueue_one(job().queue("jobs")).await;
    fixture.advance(MINUTE);
    fixture.enqueue([job().queue("jobs"), job().queue("later").due_in(MINUTE)]).await;
    fixture
        .store()
        .pause(&Pause::queue("paused").note("why"), fixture.now())
        .await
        .expect("it pauses");
    let _one = fixture.start(worker().serving(&["served", "jobs"])).await;
    let _two = fixture.start(worker().serving(&["served"])).await;
    let queues = fixture.store().queues(fixture.now()).await.expect("queues can be listed");
    let line = |queue: &QueueRecord| (queue.workers, queue.paused_at, queue.oldest_due_at);
    let listed: BTreeMap<&str, _> =
        queues.iter().map(|queue| (queue.name.as_str(), line(queue))).collect();
    let expected = BTreeMap::from([
        ("jobs", (1, None, Some(oldest))),
        ("later", (0, None, None)),
        ("paused", (0, Some(fixture.moment()), None)),
        ("served", (2, None, None)),
    ]);
    assert_eq!(listed, expected);
}
