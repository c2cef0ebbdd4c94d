//! Undo: jobs that nobody has touched since are as they were, to the last column.

use std::collections::BTreeMap;

use windlass_core::batch::{BatchState, Begins};
use windlass_core::condition::{Ends, Waits};
use windlass_core::id::{BatchId, JobId};
use windlass_core::job::{Lane, Settled, State, Unique};
use windlass_core::operation::{Action, Why};

use super::{
    begin, cancelling, dead, dead_of, finish, kill, moving, operation, records, run, undo,
};
use crate::draft::{Draft, job, jobs};
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::verdicts::{cancelled, complete_with, retry};
use windlass_core::job::Outcome;

/// Dead, cancelled, completed, scheduled and retryable jobs that were retried are as they were.
pub async fn a_retry_is_undone_to_the_last_column(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let mut ids = dead_of(&fixture, [job().tag("x").priority(-3).args("[1]")]).await;
    for verdict in [cancelled(Outcome::Cancelled), complete_with("[2]"), retry(MINUTE)] {
        ids.extend(fixture.enqueue([job().subject("a", 1)]).await);
        worker.run_one(verdict).await;
    }
    ids.extend(
        fixture.enqueue([job().due_in(MINUTE), job().due_in(SECOND).expires_in(MINUTE)]).await,
    );
    fixture.advance(2 * MINUTE);
    let before = records(&fixture, &ids).await;
    let all = "state:dead,cancelled,completed,scheduled,retryable";
    let over = run(&fixture, &operation(Action::Retry, all)).await;
    assert_eq!(over.progress.done, 6, "{:?}", over.progress.skipped);
    fixture.check("available 6").await;
    let over = undo(&fixture, over.id).await;
    assert_eq!((over.progress.undone, over.progress.kept.total()), (6, 0), "{over:?}");
    assert_eq!(records(&fixture, &ids).await, before);
    fixture.check("scheduled 2, retryable 1, completed 1, cancelled 1, dead 1").await;
    assert_eq!(fixture.find("tag:x").await, [ids[0]]);
}

/// A job that was claimed, replaced, moved or cancelled since it was retried stays as it is.
pub async fn what_was_touched_since_is_not_undone(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let ids = dead(&fixture, 5).await;
    let over = run(&fixture, &operation(Action::Retry, "kind:work")).await;
    let batch = worker.claim(2).await;
    let [running, released] = [batch.jobs[0].id, batch.jobs[1].id];
    assert_eq!(worker.settle(&batch, 1, crate::verdicts::hand_back()).await, Settled::Done);
    let others: Vec<JobId> =
        ids.iter().copied().filter(|id| ![running, released].contains(id)).collect();
    fixture.move_to("elsewhere", &others[..1]).await;
    fixture.cancel(others[1]).await;
    let over = undo(&fixture, over.id).await;
    assert_eq!(over.progress.undone, 1);
    assert_eq!(over.progress.kept.counts, BTreeMap::from([(Why::Touched, 4)]));
    assert!(over.progress.kept.samples.contains(&(running, Why::Touched)));
    fixture.check("available 2, running 1, cancelled 1, dead 1").await;
    assert_eq!(fixture.job(others[2]).await.state, State::Dead);
}

/// What waits for a worker that knows it was not touched by that.
pub async fn a_parked_job_was_not_touched(fixture: StoreFixture) {
    dead(&fixture, 2).await;
    let over = run(&fixture, &operation(Action::Retry, "kind:work")).await;
    fixture.tidy().await;
    fixture.check("waiting 2").await;
    assert_eq!(undo(&fixture, over.id).await.progress.undone, 2);
    fixture.check("dead 2").await;
}

/// Jobs that were cancelled are where they were, with their unique keys; what runs was only told, and stays told.
pub async fn a_cancel_is_undone_with_its_keys(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    fixture.enqueue([job()]).await;
    let batch = worker.claim(1).await;
    let unique = |key: &str| job().unique(Unique::by(key)).due_in(MINUTE);
    let ids = fixture
        .enqueue([unique("a"), unique("b"), job().priority(7).tag("x"), job().kind("ghost")])
        .await;
    fixture.tidy().await;
    let before = records(&fixture, &ids).await;
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(cancelling(), "kind:*")).await;
    assert_eq!((over.progress.done, over.progress.requested), (4, 1));
    fixture.check("running 1, cancelled 4").await;
    assert_eq!(fixture.job(ids[0]).await.reason.as_deref(), Some("wrong import"));
    let taken = fixture.enqueue_one(unique("b")).await;
    let over = undo(&fixture, over.id).await;
    assert_eq!(
        (over.progress.undone, &over.progress.kept.counts),
        (3, &BTreeMap::from([(Why::KeyHeld, 1)]))
    );
    let after = records(&fixture, &ids).await;
    assert_eq!([&after[0], &after[2], &after[3]], [&before[0], &before[2], &before[3]]);
    fixture.check("waiting 1, scheduled 2, available 1, running 1, cancelled 1").await;
    assert!(fixture.job(batch.jobs[0].id).await.cancel_requested);
    let kept = fixture.try_enqueue(&[unique("a").done()]).await.expect("it reaches the store")[0];
    assert_eq!((kept.id(), taken == ids[1]), (ids[0], false), "the key is taken again");
}

/// A job that others went on by, or were cancelled by, stays cancelled; one that waits goes on waiting, unless what it
/// waits for has come meanwhile.
pub async fn a_cancel_that_others_heard_of_is_not_undone(fixture: StoreFixture) {
    let worker = fixture.worker().await;
    let first = fixture.enqueue_one(job()).await;
    fixture.advance(SECOND);
    let second = fixture.enqueue_one(job()).await;
    let after = |id| job().kind("later").waits(Waits::all().job("first", id));
    let [lone, heard] = [fixture.enqueue_one(job().kind("alone")).await, first];
    let on_first = fixture.enqueue_one(after(first)).await;
    let on_second = fixture.enqueue_one(after(second)).await;
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(cancelling(), "kind:later,alone")).await;
    assert_eq!(over.progress.done, 3);
    let batch = worker.claim(1).await;
    assert_eq!(batch.jobs[0].id, first);
    worker.settle(&batch, 0, crate::verdicts::complete()).await;
    let over = undo(&fixture, over.id).await;
    assert_eq!(over.progress.kept.samples, [(on_first, Why::Came)]);
    assert_eq!(
        (fixture.job(on_second).await.state, fixture.job(lone).await.state),
        (State::Waiting, State::Available)
    );
    worker.run_one(crate::verdicts::complete()).await;
    assert_eq!(fixture.job(on_second).await.state, State::Available, "its wait is told of as ever");
    fixture.advance(SECOND);
    let third = fixture.enqueue_one(job()).await;
    fixture.enqueue_one(after(third)).await;
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(cancelling(), "kind:work")).await;
    let over = undo(&fixture, over.id).await;
    assert_eq!(over.progress.kept.samples, [(third, Why::Awaited)]);
    assert_eq!(fixture.job(heard).await.state, State::Completed);
}

/// Jobs that were moved are on their queues again; one that was claimed on the other stays.
pub async fn a_move_is_undone(fixture: StoreFixture) {
    let ids = fixture
        .enqueue([job().queue("a"), job().queue("b").due_in(MINUTE), job().queue("c").priority(4)])
        .await;
    let before = records(&fixture, &ids).await;
    let over = run(&fixture, &operation(moving("default"), "kind:work")).await;
    assert_eq!(fixture.find("queue:default").await.len(), 3);
    let worker = fixture.worker().await;
    let claimed = worker.claim(1).await.jobs[0].id;
    let over = undo(&fixture, over.id).await;
    assert_eq!(
        (over.progress.undone, &over.progress.kept.samples),
        (2, &vec![(claimed, Why::Touched)])
    );
    let after = records(&fixture, &ids).await;
    for (nth, id) in ids.iter().enumerate().filter(|(_, id)| **id != claimed) {
        assert_eq!(after[nth], before[nth], "{id}");
    }
}

/// Jobs that were deleted are gone, and are there again with their tags, steps and words as long as that can be undone.
pub async fn a_delete_is_undone_with_all_that_belongs_to_the_jobs(fixture: StoreFixture) {
    let drafts = [job().tag("x"), job().tag("x").args("{\"a\": 1}"), job().kind("other")];
    let worker = fixture.start(crate::worker::worker().knowing(&[("work", 1), ("other", 1)])).await;
    let ids = fixture.enqueue(drafts).await;
    let batch = worker.claim(1).await;
    say(&fixture, &worker.fence(&batch, 0)).await;
    worker.settle(&batch, 0, crate::verdicts::die()).await;
    worker.run_one(complete_with("[1]")).await;
    worker.run_one(crate::verdicts::die()).await;
    fixture.advance(SECOND);
    let before = records(&fixture, &ids).await;
    let over = run(&fixture, &operation(Action::Delete, "tag:x")).await;
    assert_eq!(over.progress.done, 2);
    fixture.check("dead 1, pruned 2").await;
    assert_eq!(fixture.find("tag:x").await, []);
    fixture.tidy().await;
    let over = undo(&fixture, over.id).await;
    assert_eq!(over.progress.undone, 2);
    assert_eq!(records(&fixture, &ids).await, before);
    assert_eq!(fixture.find("tag:x").await, [ids[1], ids[0]]);
    let words = fixture.store().log(batch.jobs[0].id, 9).await.expect("read");
    assert_eq!(words.len(), 1, "what it said is there");
    fixture.check("completed 1, dead 2").await;
    // Once it cannot be undone, nothing of them is left.
    run(&fixture, &operation(Action::Delete, "tag:x")).await;
    fixture.advance(windlass_core::limits::OPERATION_UNDO);
    fixture.tidy().await;
    fixture.tidy().await;
    assert_eq!(fixture.store().log(batch.jobs[0].id, 9).await.expect("read").len(), 0);
}

/// One word of a running attempt.
async fn say(fixture: &StoreFixture, fence: &windlass_core::job::Fence) {
    use windlass_core::progress::{Level, NewLogLine, Report};
    let line = NewLogLine { nth: 1, age: SECOND, level: Level::Info, text: "half done".to_owned() };
    let report =
        Report { fence: fence.clone(), checkpoint: None, progress: None, lines: vec![line] };
    fixture.store().report(&[report], fixture.now()).await.expect("reported");
}

/// A batch whose dead job was retried ends again when that is undone; one whose jobs were cancelled goes on.
pub async fn batches_are_as_they_were(fixture: StoreFixture) {
    let batch = BatchId::new();
    let first = fixture.enqueue_one(job().begins(batch, Begins::default())).await;
    kill(&fixture, 1).await;
    let state = async |batch| {
        let found = fixture.store().batch(batch).await.expect("read").expect("it is there");
        (found.state, found.jobs.open, found.jobs.dead, found.jobs.cancelled)
    };
    assert_eq!(state(batch).await, (BatchState::Failed, 0, 1, 0));
    let over = run(&fixture, &operation(Action::Retry, &format!("batch:{batch}"))).await;
    assert_eq!(state(batch).await, (BatchState::Running, 1, 0, 0));
    undo(&fixture, over.id).await;
    assert_eq!(state(batch).await, (BatchState::Failed, 0, 1, 0));
    assert_eq!(fixture.job(first).await.state, State::Dead);
    let other = BatchId::new();
    fixture.enqueue([job().begins(other, Begins::default()), job().member_of(other)]).await;
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(cancelling(), &format!("batch:{other}"))).await;
    assert_eq!(state(other).await, (BatchState::Failed, 0, 0, 2));
    assert_eq!(undo(&fixture, over.id).await.progress.undone, 2);
    assert_eq!(state(other).await, (BatchState::Running, 2, 0, 0));
}

/// Who waits by now for a retried job to end is not told that it has.
pub async fn a_retry_that_others_wait_for_is_not_undone(fixture: StoreFixture) {
    let ids = dead(&fixture, 2).await;
    let over = run(&fixture, &operation(Action::Retry, "kind:work")).await;
    let waits = Waits::all().job_ended("first", ids[0], Ends::ANY);
    let waiting = fixture.enqueue_one(job().kind("later").waits(waits)).await;
    let over = undo(&fixture, over.id).await;
    assert_eq!(over.progress.kept.samples, [(ids[0], Why::Awaited)]);
    assert_eq!((over.progress.undone, fixture.job(waiting).await.state), (1, State::Waiting));
}

/// A dead job that keeps its lane keeps it again, also where what tidies has come by.
pub async fn a_lane_stands_still_again(fixture: StoreFixture) {
    let in_lane = || -> Draft { job().lane(Lane::by("l").block_when_dead()) };
    dead_of(&fixture, [in_lane()]).await;
    let behind = fixture.enqueue_one(in_lane()).await;
    let worker = fixture.worker().await;
    for action in [Action::Retry, Action::Delete] {
        assert_eq!(worker.claim(1).await.jobs.len(), 0, "it stands still before {action}");
        fixture.advance(SECOND);
        let id = begin(&fixture, &operation(action, "state:dead")).await;
        assert_eq!(finish(&fixture, id).await.progress.done, 1);
        fixture.tidy().await;
        assert_eq!(undo(&fixture, id).await.progress.undone, 1);
    }
    assert_eq!(worker.claim(1).await.jobs.len(), 0, "it stands still again");
    assert_eq!(fixture.job(behind).await.state, State::Available);
}

/// An operation over many jobs is undone in rounds, and every number is right after it.
pub async fn many_jobs_are_undone_in_rounds(fixture: StoreFixture) {
    dead(&fixture, 1_300).await;
    fixture.enqueue(jobs(7)).await;
    fixture.advance(SECOND);
    let over = run(&fixture, &operation(Action::Retry, "kind:work")).await;
    assert_eq!(over.progress.done, 1_300);
    let over = undo(&fixture, over.id).await;
    assert_eq!((over.progress.undone, over.progress.kept.total()), (1_300, 0));
    fixture.check("available 7, dead 1300").await;
    assert_eq!(fixture.find("state:dead").await.len(), 1_300);
}
