//! Notifications: a server's sleepers are woken one for each job.

use std::time::Duration;

use futures_util::FutureExt;
use windlass_testkit::bench::Bench;
use windlass_testkit::database::{PostgresDatabase, run};
use windlass_testkit::draft::{job, jobs};
use windlass_testkit::worker::worker;

/// Nothing waited for here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

/// C29: of five who sleep on a queue, as many are woken as jobs come.
#[test]
fn no_more_are_woken_than_jobs_have_come() {
    run(PostgresDatabase::fresh(), |bench: Bench| async move {
        for number in [1, 3] {
            let (queue, next) = (format!("queue-{number}"), format!("next-{number}"));
            let wakeups = bench.store().wakeups();
            let mut bells = Vec::new();
            for _ in 0..5 {
                let sleeper = bench.start(worker().serving(&[&queue])).await;
                assert!(sleeper.claim(1).await.jobs.is_empty(), "it falls asleep");
                bells.push((sleeper.id(), vec![queue.clone()]));
            }
            let last = bench.start(worker().serving(&[&next])).await;
            assert!(last.claim(1).await.jobs.is_empty(), "it falls asleep");
            let last = wakeups.add(last.id(), vec![next.clone()]);
            let bells = bells.into_iter().map(|(id, queues)| wakeups.add(id, queues));
            let bells: Vec<_> = bells.collect();
            bench.enqueue(jobs(number).map(|job| job.queue(&queue))).await;
            // Notifications keep their order: when this one is heard, those before it were.
            bench.enqueue_one(job().queue(&next)).await;
            tokio::time::timeout(SOON, last.work()).await.expect("it is woken");
            let rung = bells.iter().filter_map(|bell| bell.work().now_or_never());
            assert_eq!(rung.count(), number);
        }
    });
}
