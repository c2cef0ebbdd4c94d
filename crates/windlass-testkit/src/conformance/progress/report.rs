//! Reports: written under the lease, the newest one stands.

use std::time::Duration;

use windlass_core::id::JobId;
use windlass_core::job::{Batch, Fence, Fenced};
use windlass_core::json::Json;
use windlass_core::progress::{Level, LogLine, NewLogLine, Progress, ProgressRecord, Report};

use crate::draft::{job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{complete, hand_back};
use crate::worker::Worker;

/// A report without anything yet.
fn report(fence: &Fence) -> Report {
    Report { fence: fence.clone(), checkpoint: None, progress: None, lines: Vec::new() }
}

fn checkpoint(fence: &Fence, json: &str) -> Report {
    Report { checkpoint: Some(Json::stored(json)), ..report(fence) }
}

/// So many of ten are done, as the attempt's account of this number.
fn account(fence: &Fence, nth: u64, done: u64) -> Report {
    let progress = Progress { done: Some(done), total: Some(10), ..Progress::default() };
    Report { progress: Some((progress, nth)), ..report(fence) }
}

fn line(nth: u32, text: &str) -> NewLogLine {
    NewLogLine { nth, age: Duration::from_millis(5), level: Level::Warn, text: text.to_owned() }
}

async fn send(fixture: &StoreFixture, reports: &[Report]) -> Vec<Fenced> {
    fixture.store().report(reports, fixture.now()).await.expect("a report reaches the store")
}

async fn progress(fixture: &StoreFixture, job: JobId) -> Option<ProgressRecord> {
    fixture.store().progress(job).await.expect("progress can be read")
}

async fn done(fixture: &StoreFixture, job: JobId) -> Option<u64> {
    progress(fixture, job).await?.progress.done
}

async fn last_checkpoint(fixture: &StoreFixture, fence: &Fence) -> Option<String> {
    let kept = fixture.store().last_checkpoint(fence).await.expect("it can be read");
    kept.map(|data| data.as_str().to_owned())
}

async fn lines(fixture: &StoreFixture, job: JobId, most: usize) -> Vec<LogLine> {
    fixture.store().log(job, most).await.expect("lines can be read")
}

async fn claimed(worker: &Worker<'_>) -> (Batch, Fence) {
    let batch = worker.claim(1).await;
    let fence = worker.fence(&batch, 0);
    (batch, fence)
}

/// T37: the last checkpoint is there for the next attempt, and how far it is does not touch it.
pub async fn the_last_checkpoint_is_there_for_the_next_attempt(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (batch, fence) = claimed(&worker).await;
    assert_eq!(last_checkpoint(&fixture, &fence).await, None);
    for row in 1..=3 {
        let kept = [checkpoint(&fence, &row.to_string())];
        assert_eq!(send(&fixture, &kept).await, [Fenced::Done]);
    }
    let kept_at = fixture.moment();
    fixture.advance(SECOND);
    assert_eq!(send(&fixture, &[account(&fence, 1, 7)]).await, [Fenced::Done]);
    worker.settle(&batch, 0, hand_back()).await;
    let (_, fence) = claimed(&worker).await;
    assert_eq!(last_checkpoint(&fixture, &fence).await.as_deref(), Some("3"));
    let expected = ProgressRecord {
        checkpoint: Some(Json::stored("3")),
        checkpoint_at: Some(kept_at),
        progress: Progress { done: Some(7), total: Some(10), ..Progress::default() },
        attempt: Some(1),
        at: Some(fixture.moment()),
    };
    assert_eq!(progress(&fixture, id).await, Some(expected));
}

/// I-L3: an attempt that does not hold its lease any more says nothing, and keeps nobody else from saying something.
pub async fn a_report_without_the_lease_changes_nothing(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(2)).await;
    let batch = worker.claim(2).await;
    let fences = [worker.fence(&batch, 0), worker.fence(&batch, 1)];
    worker.settle(&batch, 0, hand_back()).await;
    let all = |fence: &Fence| {
        let mut one = account(fence, 1, 5);
        one.checkpoint = Some(Json::stored("5"));
        one.lines.push(line(1, "five"));
        one
    };
    let answers = send(&fixture, &[all(&fences[0]), all(&fences[1])]).await;
    assert_eq!(answers, [Fenced::Lost, Fenced::Done]);
    fixture.rescue().await;
    assert_eq!(send(&fixture, &[account(&fences[1], 2, 6)]).await, [Fenced::Lost]);
    assert_eq!(progress(&fixture, ids[0]).await, None);
    assert_eq!(lines(&fixture, ids[0], 9).await, []);
    assert_eq!(done(&fixture, ids[1]).await, Some(5));
    assert_eq!(lines(&fixture, ids[1], 9).await.len(), 1);
}

/// An account that comes late, as one whose answer was lost, does not replace a newer one; that of a later attempt does.
pub async fn an_older_account_does_not_come_after_a_newer_one(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (batch, fence) = claimed(&worker).await;
    for (nth, says, stands) in [(1, 1, 1), (3, 3, 3), (2, 2, 3), (3, 9, 3), (4, 4, 4)] {
        assert_eq!(send(&fixture, &[account(&fence, nth, says)]).await, [Fenced::Done]);
        assert_eq!(done(&fixture, id).await, Some(stands));
    }
    worker.settle(&batch, 0, hand_back()).await;
    let (_, fence) = claimed(&worker).await;
    send(&fixture, &[account(&fence, 1, 0)]).await;
    assert_eq!(done(&fixture, id).await, Some(0));
}

/// One call brings what several attempts say, of different leases.
pub async fn attempts_of_several_workers_report_together(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = fixture.enqueue(jobs(4)).await;
    let (first, second) = (worker.claim(2).await, worker.claim(2).await);
    let fences: Vec<_> = [(&first, 0), (&second, 1), (&first, 1), (&second, 0)]
        .into_iter()
        .map(|(batch, nth)| worker.fence(batch, nth))
        .collect();
    let reports: Vec<_> = (1..).zip(&fences).map(|(says, fence)| account(fence, 1, says)).collect();
    assert_eq!(send(&fixture, &reports).await, [Fenced::Done; 4]);
    for (says, fence) in (1..).zip(&fences) {
        assert!(ids.contains(&fence.job.id));
        assert_eq!(done(&fixture, fence.job.id).await, Some(says));
    }
    assert_eq!(send(&fixture, &[]).await, []);
}

/// Lines are kept by attempt, in their order, with their time; one that is sent again is there once, and the last ones are read.
pub async fn log_lines_are_kept_in_their_order(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (batch, fence) = claimed(&worker).await;
    let say = |lines| Report { lines, ..report(&fence) };
    send(&fixture, &[say(vec![line(1, "a"), line(2, "b")])]).await;
    let said_at = fixture.moment().as_micros() - 5_000;
    send(&fixture, &[say(vec![line(2, "b"), line(3, "c")])]).await;
    worker.settle(&batch, 0, hand_back()).await;
    let (_, next) = claimed(&worker).await;
    send(&fixture, &[Report { lines: vec![line(1, "d")], ..report(&next) }]).await;
    let found = lines(&fixture, id, 3).await;
    let texts: Vec<_> = found.iter().map(|one| (one.attempt, one.nth, &*one.text)).collect();
    assert_eq!(texts, [(1, 2, "b"), (1, 3, "c"), (2, 1, "d")]);
    assert_eq!((found[0].level, found[0].at.as_micros()), (Level::Warn, said_at));
    assert_eq!(lines(&fixture, id, 100).await.len(), 4);
}

/// A job whose id comes again, after the first one is gone, begins without the checkpoint of that one.
pub async fn an_id_that_comes_again_has_no_progress(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = JobId::FIRST;
    for _ in 0..2 {
        fixture.enqueue_one(job().given(id)).await;
        let (batch, fence) = claimed(&worker).await;
        assert_eq!(last_checkpoint(&fixture, &fence).await, None);
        send(&fixture, &[account(&fence, 1, 1)]).await;
        let found = progress(&fixture, id).await.expect("it has said so");
        assert_eq!((found.checkpoint, found.progress.done), (None, Some(1)));
        send(&fixture, &[checkpoint(&fence, "1")]).await;
        send(&fixture, &[account(&fence, 9, 9)]).await;
        worker.settle(&batch, 0, complete()).await;
        fixture.advance(MINUTE * 60 * 24 * 9);
        // The job is pruned, and then what belonged to it, unless the walk has been there before.
        fixture.tidy().await;
        assert!(fixture.store().job(id).await.expect("it can be read").is_none());
        worker.beat().await;
    }
}

/// What a job has said goes with it.
pub async fn what_was_reported_is_removed_with_its_job(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let id = fixture.enqueue_one(job()).await;
    let (batch, fence) = claimed(&worker).await;
    let mut all = account(&fence, 1, 1);
    all.lines.push(line(1, "a"));
    send(&fixture, &[all]).await;
    worker.settle(&batch, 0, complete()).await;
    fixture.tidy().await;
    assert!(progress(&fixture, id).await.is_some() && lines(&fixture, id, 9).await.len() == 1);
    fixture.advance(MINUTE * 60 * 24 * 9);
    for _ in 0..4 {
        fixture.tidy().await;
    }
    assert_eq!(progress(&fixture, id).await, None);
    assert_eq!(lines(&fixture, id, 9).await, []);
}
