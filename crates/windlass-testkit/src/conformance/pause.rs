//! Pause and resume: nobody claims from a paused queue.

use windlass_core::store::QueueRecord;

use crate::bench::{Bench, MINUTE};
use crate::draft::{job, jobs};
use crate::verdicts::{complete, hand_back};
use crate::worker::worker;

/// W3: after the pause nothing of the queue is claimed, also by workers that come later; other
/// queues go on, and the resume restores all.
pub async fn a_paused_queue_gives_nothing_until_it_is_resumed(bench: Bench) {
    bench.enqueue([job().queue("paused"), job().queue("open")]).await;
    let early = bench.start(worker().serving(&["paused"])).await;
    pause(&bench, "paused").await;
    assert!(early.claim(9).await.jobs.is_empty());
    let late = bench.start(worker().serving(&["paused", "open"])).await;
    let batch = late.claim(9).await;
    assert_eq!(batch.jobs.iter().map(|job| job.queue.as_str()).collect::<Vec<_>>(), ["open"]);
    assert!(resume(&bench, "paused").await);
    assert_eq!(early.claim(9).await.jobs.len(), 1);
    bench.check("running 2").await;
}

/// W3: running jobs of a paused queue end as usual.
pub async fn jobs_that_run_when_their_queue_is_paused_go_on(bench: Bench) {
    bench.enqueue(jobs(2)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(2).await;
    pause(&bench, "default").await;
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, hand_back()).await;
    assert!(worker.claim(9).await.jobs.is_empty());
    bench.check("available 1, completed 1").await;
}

/// W3: jobs can be enqueued to a paused queue, and become due there.
pub async fn a_paused_queue_still_takes_jobs(bench: Bench) {
    pause(&bench, "default").await;
    bench.enqueue([job(), job().due_in(MINUTE)]).await;
    bench.advance(MINUTE);
    let worker = bench.worker().await;
    assert_eq!(worker.sweep().await.promoted, 1);
    assert!(worker.claim(9).await.jobs.is_empty());
    resume(&bench, "default").await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// W3: a queue says since when it is paused and why; pausing again keeps the moment.
pub async fn a_paused_queue_says_since_when_and_why(bench: Bench) {
    let paused_at = bench.moment();
    bench.store().pause("q", Some("disk is full"), bench.now()).await.expect("it pauses");
    bench.advance(MINUTE);
    bench.store().pause("q", Some("still full"), bench.now()).await.expect("it stays paused");
    let queue = queue(&bench, "q").await.expect("a paused queue is listed");
    assert_eq!(queue.paused_at, Some(paused_at));
    assert_eq!(queue.note.as_deref(), Some("still full"));
    resume(&bench, "q").await;
    assert!(self::queue(&bench, "q").await.is_none_or(|queue| queue.paused_at.is_none()));
}

/// A resume says whether there was anything to resume.
pub async fn resuming_an_open_queue_changes_nothing(bench: Bench) {
    assert!(!resume(&bench, "default").await);
    pause(&bench, "default").await;
    assert!(resume(&bench, "default").await);
    assert!(!resume(&bench, "default").await);
}

async fn pause(bench: &Bench, queue: &str) {
    bench.store().pause(queue, None, bench.now()).await.expect("a pause reaches the store");
}

async fn resume(bench: &Bench, queue: &str) -> bool {
    bench.store().resume(queue, bench.now()).await.expect("a resume reaches the store")
}

async fn queue(bench: &Bench, name: &str) -> Option<QueueRecord> {
    let queues = bench.store().queues().await.expect("queues can be listed");
    queues.into_iter().find(|queue| queue.name == name)
}
