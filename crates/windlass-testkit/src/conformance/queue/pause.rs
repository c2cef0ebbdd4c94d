//! Pause and resume: nobody claims from a paused queue.
use windlass_core::queue::QueueRecord;

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, StoreFixture};
use crate::verdicts::{complete, hand_back};
use crate::worker::worker;

/// I-W3: after the pause nothing of the queue is claimed, also by workers that come later; other
/// queues go on, and the resume restores all.
pub async fn a_paused_queue_gives_nothing_until_it_is_resumed(fixture: StoreFixture) {
    fixture.enqueue([job().queue("paused"), job().queue("open")]).await;
    let early = fixture.start(worker().serving(&["paused"])).await;
    pause(&fixture, "paused").await;
    assert!(early.claim(9).await.jobs.is_empty());
    let late = fixture.start(worker().serving(&["paused", "open"])).await;
    let batch = late.claim(9).await;
    assert_eq!(batch.jobs.iter().map(|job| job.queue.as_str()).collect::<Vec<_>>(), ["open"]);
    assert!(resume(&fixture, "paused").await);
    assert_eq!(early.claim(9).await.jobs.len(), 1);
    fixture.check("running 2").await;
}

/// I-W3: running jobs of a paused queue end as usual.
pub async fn jobs_that_run_when_their_queue_is_paused_go_on(fixture: StoreFixture) {
    fixture.enqueue(jobs(2)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(2).await;
    pause(&fixture, "default").await;
    worker.settle(&batch, 0, complete()).await;
    worker.settle(&batch, 1, hand_back()).await;
    assert!(worker.claim(9).await.jobs.is_empty());
    fixture.check("available 1, completed 1").await;
}

/// I-W3: jobs can be enqueued to a paused queue, and become due there.
pub async fn a_paused_queue_still_takes_jobs(fixture: StoreFixture) {
    pause(&fixture, "default").await;
    fixture.enqueue([job(), job().due_in(MINUTE)]).await;
    fixture.advance(MINUTE);
    let worker = fixture.worker().await;
    assert_eq!(worker.sweep().await.promoted, 1);
    assert!(worker.claim(9).await.jobs.is_empty());
    resume(&fixture, "default").await;
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
}

/// I-W3: a queue says since when it is paused and why; pausing again keeps the moment.
pub async fn a_paused_queue_says_since_when_and_why(fixture: StoreFixture) {
    let paused_at = fixture.moment();
    fixture.store().pause("q", Some("disk is full"), fixture.now()).await.expect("it pauses");
    fixture.advance(MINUTE);
    fixture.store().pause("q", Some("still full"), fixture.now()).await.expect("it stays paused");
    let queue = queue(&fixture, "q").await.expect("a paused queue is listed");
    assert_eq!(queue.paused_at, Some(paused_at));
    assert_eq!(queue.note.as_deref(), Some("still full"));
    resume(&fixture, "q").await;
    assert!(self::queue(&fixture, "q").await.is_none_or(|queue| queue.paused_at.is_none()));
}

/// I-W3: a note is free text; what no database can keep of it is replaced.
pub async fn a_note_with_a_nul_is_kept_without_it(fixture: StoreFixture) {
    fixture.store().pause("q", Some("disk\0full"), fixture.now()).await.expect("it pauses");
    let queue = queue(&fixture, "q").await.expect("a paused queue is listed");
    assert_eq!(queue.note.as_deref(), Some("disk\u{FFFD}full"));
}

/// A resume says whether there was anything to resume.
pub async fn resuming_an_open_queue_changes_nothing(fixture: StoreFixture) {
    assert!(!resume(&fixture, "default").await);
    pause(&fixture, "default").await;
    assert!(resume(&fixture, "default").await);
    assert!(!resume(&fixture, "default").await);
}

async fn pause(fixture: &StoreFixture, queue: &str) {
    fixture.store().pause(queue, None, fixture.now()).await.expect("a pause reaches the store");
}

async fn resume(fixture: &StoreFixture, queue: &str) -> bool {
    fixture.store().resume(queue, fixture.now()).await.expect("a resume reaches the store")
}

async fn queue(fixture: &StoreFixture, name: &str) -> Option<QueueRecord> {
    let queues = fixture.store().queues().await.expect("queues can be listed");
    queues.into_iter().find(|queue| queue.name == name)
}
