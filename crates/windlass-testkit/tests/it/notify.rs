//! Notifications: a server's sleepers are woken one for each job.

use std::time::Duration;

use futures_util::FutureExt;
use windlass_testkit::database::{PostgresDatabase, run};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::fixture::StoreFixture;
use windlass_testkit::worker::worker;

/// Nothing waited for here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

/// C29: of five who sleep on a queue, as many are woken as jobs come.
#[test]
fn no_more_are_woken_than_jobs_have_come() {
    run(PostgresDatabase::fresh(), |fixture: StoreFixture| async move {
        for number in [1, 3] {
            let (queue, next) = (format!("queue-{number}"), format!("next-{number}"));
            let wakeups = fixture.store().wakeups();
            let mut wake_handles = Vec::new();
            for _ in 0..5 {
                let sleeper = fixture.start(worker().serving(&[&queue])).await;
                assert!(sleeper.claim(1).await.jobs.is_empty(), "it falls asleep");
                wake_handles.push((sleeper.id(), vec![queue.clone()]));
            }
            let last = fixture.start(worker().serving(&[&next])).await;
            assert!(last.claim(1).await.jobs.is_empty(), "it falls asleep");
            let last = wakeups.add(last.id(), vec![next.clone()]);
            let wake_handles = wake_handles.into_iter().map(|(id, queues)| wakeups.add(id, queues));
            let wake_handles: Vec<_> = wake_handles.collect();
            fixture.enqueue(jobs(number).map(|job| job.queue(&queue))).await;
            // Notifications keep their order: when this one is heard, those before it were.
            fixture.enqueue_one(job().queue(&next)).await;
            tokio::time::timeout(SOON, last.work()).await.expect("it is woken");
            let rung =
                wake_handles.iter().filter_map(|wake_handle| wake_handle.work().now_or_never());
            assert_eq!(rung.count(), number);
        }
    });
}
