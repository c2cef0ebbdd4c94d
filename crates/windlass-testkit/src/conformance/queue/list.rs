//! The list of queues.

use std::collections::BTreeMap;

use windlass_core::job::Lane;
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

/// C18: the oldest due job of a queue is found behind any number of more urgent ones, and in line.
pub async fn the_oldest_due_job_is_found_behind_urgent_ones(fixture: StoreFixture) {
    let oldest = fixture.moment();
    let urgent = |nth: u16| job().queue("mail").priority(i16::try_from(nth % 3).expect("small"));
    fixture
        .enqueue([job().queue("mail").priority(9), job().queue("lined").lane(Lane::by("a"))])
        .await;
    fixture.advance(MINUTE);
    fixture.enqueue((0..2_000).map(urgent)).await;
    fixture.enqueue([job().queue("lined")]).await;
    let queues = fixture.store().queues(fixture.now()).await.expect("queues can be listed");
    let of = |name: &str| {
        queues.iter().find(|queue| queue.name == name).and_then(|queue| queue.oldest_due_at)
    };
    assert_eq!([of("mail"), of("lined")], [Some(oldest); 2]);
}
