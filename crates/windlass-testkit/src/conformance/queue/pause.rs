//! Pause and resume: nobody claims from a paused queue.
use windlass_core::limits::SWEEP_JOBS;
use windlass_core::queue::{Pause, PausedKind, QueueRecord, Scope};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, hand_back};
use crate::worker::{Profile, worker};

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
    pause_with(&fixture, Pause::queue("q").note("disk is full")).await;
    fixture.advance(MINUTE);
    pause_with(&fixture, Pause::queue("q").note("still full")).await;
    let queue = queue(&fixture, "q").await.expect("a paused queue is listed");
    assert_eq!(queue.paused_at, Some(paused_at));
    assert_eq!(queue.note.as_deref(), Some("still full"));
    resume(&fixture, "q").await;
    assert!(self::queue(&fixture, "q").await.is_none_or(|queue| queue.paused_at.is_none()));
}

/// I-W3: a note is free text; what no database can keep of it is replaced.
pub async fn a_note_with_a_nul_is_kept_without_it(fixture: StoreFixture) {
    pause_with(&fixture, Pause::queue("q").note("disk\0full")).await;
    let queue = queue(&fixture, "q").await.expect("a paused queue is listed");
    assert_eq!(queue.note.as_deref(), Some("disk\u{FFFD}full"));
}

/// I-W3: a pause that has an end is over then by the database's clock, with nobody there to end it.
pub async fn a_pause_ends_by_itself(fixture: StoreFixture) {
    fixture.enqueue([job(), job().kind("mail").queue("mail")]).await;
    let ends = fixture.moment().after(MINUTE);
    let pauses = [Pause::queue("default").lasting(MINUTE), Pause::kind("mail").until(ends)];
    for pause in pauses {
        pause_with(&fixture, pause).await;
    }
    let worker = fixture.start(knowing_mail().serving(&["default", "mail"])).await;
    assert_eq!(queue(&fixture, "default").await.and_then(|queue| queue.paused_until), Some(ends));
    assert_eq!(paused_kinds(&fixture).await, ["mail until 2040-01-01T00:01:00.000Z"]);
    fixture.advance(MINUTE - MINUTE / 60);
    assert!(worker.claim(9).await.jobs.is_empty());
    fixture.advance(MINUTE / 60);
    assert_eq!(worker.claim(9).await.jobs.len(), 2);
    assert_eq!(queue(&fixture, "default").await.and_then(|queue| queue.paused_at), None);
    assert!(paused_kinds(&fixture).await.is_empty());
    assert!(!resume(&fixture, "default").await && !resume_kind(&fixture, "mail").await);
}

/// I-W3: a kind is paused in every queue, and its queues go on with others.
pub async fn a_paused_kind_gives_nothing_until_it_is_resumed(fixture: StoreFixture) {
    let early = fixture.start(knowing_mail()).await;
    fixture.enqueue([job().kind("mail"), job(), job().kind("mail").queue("bulk")]).await;
    pause_with(&fixture, Pause::kind("mail").note("provider is down")).await;
    let late = fixture.start(knowing_mail().serving(&["default", "bulk"])).await;
    let batch = late.claim(9).await;
    assert_eq!(batch.jobs.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["work"]);
    assert!(early.claim(9).await.jobs.is_empty());
    assert!(resume_kind(&fixture, "mail").await);
    assert_eq!(late.claim(9).await.jobs.len(), 2);
}

/// C27, O39: what waits of a paused kind is moved out of the way in bounded rounds, keeps its place, and comes back; no
/// worker that registers and no tidying brings it back before that.
pub async fn jobs_of_a_paused_kind_are_out_of_the_way(fixture: StoreFixture) {
    let mail = || job().kind("mail");
    let first = fixture.enqueue_one(mail()).await;
    fixture.advance(SECOND);
    fixture.enqueue((1..=SWEEP_JOBS).map(|_| mail())).await;
    let sweeper = fixture.start(knowing_mail()).await;
    pause_with(&fixture, Pause::kind("mail")).await;
    let swept = sweeper.sweep().await;
    assert_eq!(swept.next_due, Some(std::time::Duration::ZERO), "there is more: {swept:?}");
    sweeper.sweep().await;
    fixture.check("waiting 1001").await;
    fixture.check_job(first, "waiting: mail is paused").await;
    let other = fixture.start(knowing_mail()).await;
    fixture.tidy().await;
    fixture.check("waiting 1001").await;
    assert!(resume_kind(&fixture, "mail").await);
    while sweeper.sweep().await.moved_aside > 0 {}
    fixture.check("available 1001").await;
    assert_eq!(other.claim(1).await.jobs[0].id, first);
    assert_eq!(sweeper.sweep().await.moved_aside, 0);
}

/// A resume says whether there was anything to resume.
pub async fn resuming_an_open_queue_changes_nothing(fixture: StoreFixture) {
    assert!(!resume(&fixture, "default").await);
    pause(&fixture, "default").await;
    assert!(resume(&fixture, "default").await);
    assert!(!resume(&fixture, "default").await);
}

fn knowing_mail() -> Profile {
    worker().knowing(&[("work", 1), ("mail", 1)])
}

async fn pause(fixture: &StoreFixture, queue: &str) {
    pause_with(fixture, Pause::queue(queue)).await;
}

async fn pause_with(fixture: &StoreFixture, pause: Pause) {
    fixture.store().pause(&pause, fixture.now()).await.expect("a pause reaches the store");
}

async fn resume_kind(fixture: &StoreFixture, kind: &str) -> bool {
    let scope = Scope::Kind(kind.to_owned());
    fixture.store().resume(&scope, fixture.now()).await.expect("a resume reaches the store")
}

async fn resume(fixture: &StoreFixture, queue: &str) -> bool {
    let scope = Scope::Queue(queue.to_owned());
    fixture.store().resume(&scope, fixture.now()).await.expect("a resume reaches the store")
}

async fn queue(fixture: &StoreFixture, name: &str) -> Option<QueueRecord> {
    let queues = fixture.store().queues(fixture.now()).await.expect("queues can be listed");
    queues.into_iter().find(|queue| queue.name == name)
}

async fn paused_kinds(fixture: &StoreFixture) -> Vec<String> {
    let kinds = fixture.store().paused_kinds(fixture.now()).await.expect("kinds can be listed");
    let line = |kind: PausedKind| {
        let until = kind.paused_until.map(|until| format!(" until {until}"));
        format!("{}{}", kind.kind, until.unwrap_or_default())
    };
    kinds.into_iter().map(line).collect()
}
