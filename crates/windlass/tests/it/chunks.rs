//! Handlers that take many jobs at a time.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use windlass::event::NewEvent;
use windlass::prelude::*;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::testing::TestStore;
use windlass::{
    Backoff, Chunk, Chunks, Event, EventId, JobRecord, Json, NewJob, Options, Outcome, RetryPolicy,
    StartError, State,
};

use crate::test_database::{SOON, TestDatabase, ended, event, on_both_stores};

on_both_stores! {
    /// O38: each job of a chunk has its own end, however the others end.
    each_job_of_a_chunk_has_its_own_end;
    /// O38: of the jobs of ten events two are poisoned, and the others of their chunk are done.
    a_poisoned_event_of_a_chunk_takes_no_other_with_it;
    /// O38: what has come when the first has waited long enough is a chunk.
    what_has_come_in_time_is_a_chunk;
    /// O38: an error or a panic is the end of what nothing was said of, and what failed comes alone the next time.
    a_failed_call_is_the_end_of_the_rest;
    /// O38: an end that was told is written while the call goes on; the last one once the call has ended.
    what_was_told_is_written_while_the_call_goes_on;
    /// O38: a worker that stops hands back what waits for more, and waits for a call that runs.
    a_stop_hands_back_what_waits;
    /// O38: a job that waits for its call is cancelled without it.
    one_that_waits_is_cancelled_alone;
    /// O38: a call whose attempts were all abandoned is dropped.
    a_call_that_hangs_is_dropped;
    /// O38: where the function stops at the safe point of one that was cancelled, the others run again, and no failure is counted.
    a_safe_point_of_one_ends_no_other;
    /// O38: a call whose other jobs were abandoned goes on to its end behind the last that was told.
    a_call_goes_on_behind_an_abandoned_job;
    /// O38: an end that was told stands though the call hangs behind it.
    what_was_told_stands_though_the_call_hangs;
}

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(600);

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

/// A row to be written, and what happens to it at its first attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Job)]
#[job(kind = "chunk.row", retry = at_once, timeout = "20m")]
enum Row {
    Fine,
    Output(u32),
    Dead,
    Bad,
    /// Nothing is said of it, and the call fails.
    Error,
    /// Nothing is said of it, and the call panics.
    Panic,
}

/// Says of each what it asks for.
async fn store_rows(chunk: Chunk<Row, mpsc::UnboundedSender<usize>>) -> anyhow::Result<()> {
    chunk.app().send(chunk.len()).expect("the test listens");
    let mut failed = false;
    for item in chunk {
        match item.job() {
            _ if item.cx().attempt() > 1 => item.complete(),
            Row::Fine => {}
            Row::Output(number) => {
                let number = *number;
                item.complete_with(&number);
            }
            Row::Dead => item.fail(JobError::dead("no such row")),
            Row::Bad => item.fail("not now"),
            Row::Error => failed = true,
            Row::Panic => panic!("no luck"),
        }
    }
    anyhow::ensure!(!failed, "the connection broke");
    Ok(())
}

async fn enqueued(client: &Client, rows: &[Row]) -> Vec<JobId> {
    let enqueued = client.enqueue_all(rows.iter().copied()).await.expect("written");
    enqueued.iter().map(|one| one.id()).collect()
}

async fn all_ended(client: &Client, ids: &[JobId]) -> Vec<JobRecord> {
    let mut records = Vec::new();
    for id in ids {
        records.push(ended(client, *id).await);
    }
    records
}

/// The outcomes of its attempts, without one that completed it: that has no record of its own.
fn outcomes(record: &JobRecord) -> Vec<Outcome> {
    record.history.iter().map(|attempt| attempt.outcome).collect()
}

async fn each_job_of_a_chunk_has_its_own_end(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let mut rows = vec![Row::Fine; 6];
    rows.extend([Row::Output(7), Row::Dead, Row::Bad]);
    let mut ids = enqueued(&client, &rows).await;
    let malformed = NewJob::new(Row::KIND, windlass::Json::args_of(&17).expect("JSON"));
    ids.push(client.enqueue(malformed).await.expect("written").id());

    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls).slots(10);
    let worker = worker.handle_chunks(Chunks::of(10).within(LONG), store_rows);
    let worker = worker.start().await.expect("started");
    let ended = all_ended(&client, &ids).await;
    assert_eq!(called.recv().await, Some(9), "one call, without the one that cannot be read");
    for record in &ended[..6] {
        assert_eq!((record.state, outcomes(record)), (State::Completed, vec![]));
    }
    assert_eq!(ended[6].output.as_ref().map(windlass::Json::as_str), Some("7"));
    assert_eq!(ended[7].reason.as_deref(), Some("failed for good: no such row"));
    assert_eq!(outcomes(&ended[8]), [Outcome::Error]);
    assert_eq!(ended[8].history[0].error.as_deref(), Some("not now"));
    let reason = ended[9].reason.clone().unwrap_or_default();
    assert!(reason.starts_with("failed for good: malformed args"), "{reason}");
    worker.stop().await;
}

async fn a_poisoned_event_of_a_chunk_takes_no_other_with_it(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let filter = Filter::of_types(["row.*"]).build().expect("a filter");
    let rows = Subscription::new(filter, Row::KIND);
    client.subscribe("rows", &rows, Start::Now).await.expect("made");
    let event = |data: &str| NewEvent::new("row.read", Json::args(data).expect("JSON"));
    let fine = event(r#""Fine""#);
    let mut events = vec![fine.clone(); 10];
    for (nth, event) in events.iter_mut().enumerate() {
        event.id = EventId::new();
        event.data = match nth {
            3 => Some(Json::args(r#""Dead""#).expect("JSON")),
            6 => Some(Json::args("17").expect("JSON")),
            _ => fine.data.clone(),
        };
    }
    client.publish_all(events.clone()).await.expect("published");

    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls).slots(10);
    let worker = worker.handle_chunks(Chunks::of(10).within(LONG), store_rows);
    let worker = worker.start().await.expect("started");
    let called = tokio::time::timeout(SOON, called.recv()).await.expect("soon");
    assert_eq!(called, Some(9), "one call, without the one that cannot be read");
    for (nth, event) in events.iter().enumerate() {
        let explained = client.explain_event(event.id).await.expect("asked").expect("there");
        let job = explained.decisions[0].answer.job().expect("it was fed");
        let expected = if nth == 3 || nth == 6 { State::Dead } else { State::Completed };
        assert_eq!(ended(&client, job).await.state, expected, "{nth}");
    }
    worker.stop().await;
}

async fn what_has_come_in_time_is_a_chunk(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls).slots(100);
    let chunks = Chunks::of(100).within(Duration::from_millis(20));
    let worker = worker.handle_chunks(chunks, store_rows).start().await.expect("started");
    let ids = enqueued(&client, &[Row::Fine; 3]).await;
    all_ended(&client, &ids).await;
    let mut sum = 0;
    while sum < 3 {
        sum += called.recv().await.expect("a call");
    }
    assert_eq!(sum, 3, "each was in one call");
    worker.stop().await;
}

async fn a_failed_call_is_the_end_of_the_rest(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls).slots(3);
    let worker = worker.handle_chunks(Chunks::of(3).within(LONG), store_rows);
    let worker = worker.start().await.expect("started");
    for (bad, outcome, text) in [
        (Row::Error, Outcome::Error, "the connection broke"),
        (Row::Panic, Outcome::Panic, "panicked: no luck at "),
    ] {
        let ids = enqueued(&client, &[Row::Output(1), Row::Output(2), bad]).await;
        let ended = all_ended(&client, &ids).await;
        assert_eq!(called.recv().await, Some(3));
        let again = &ended[2];
        assert_eq!(outcomes(again), [outcome]);
        let error = again.history[0].error.clone().unwrap_or_default();
        assert!(error.starts_with(text), "{error}");
        let retried = ended.iter().filter(|record| record.attempt > 1).count();
        for _ in 0..retried {
            assert_eq!(called.recv().await, Some(1), "alone");
        }
    }
    worker.stop().await;
}

/// A row that is told at once, or when the gate opens.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "chunk.gated")]
struct Gated {
    at_once: bool,
}

async fn gated(chunk: Chunk<Gated, Semaphore>) -> Result<(), JobError> {
    let mut later = Vec::new();
    for item in chunk {
        if item.at_once {
            item.complete();
        } else {
            later.push(item);
        }
    }
    let Some(last) = later.pop() else { return Ok(()) };
    let app = last.cx().clone();
    later.into_iter().for_each(windlass::chunk::Item::complete);
    last.complete();
    app.app().acquire().await.expect("it is not closed").forget();
    Ok(())
}

async fn what_was_told_is_written_while_the_call_goes_on(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let options = Options { abandon_after: Duration::from_millis(50), ..Options::default() };
    let worker = Worker::new(Arc::clone(client.store()), Semaphore::new(0)).slots(2);
    let worker = worker.options(options);
    let worker = worker.handle_chunks(Chunks::of(2).within(LONG), gated);
    let mut events = worker.events();
    let worker = worker.start().await.expect("started");
    let first = client.enqueue(Gated { at_once: true }).await.expect("written").id();
    let last = client.enqueue(Gated { at_once: false }).await.expect("written").id();
    event(&mut events, |event| matches!(event, Event::Settled { job, .. } if *job == first)).await;
    assert_eq!(ended(&client, first).await.state, State::Completed);
    let still = client.job(last).await.expect("read").expect("there");
    assert_eq!(still.state, State::Running, "its call has not ended");
    // The gate stays closed, and a stop is patient only for so long: what was told stands.
    worker.stop_within(Duration::from_millis(1)).await;
    let told = client.job(last).await.expect("read").expect("there");
    assert_eq!((told.state, told.attempt), (State::Completed, 1));
}

async fn a_stop_hands_back_what_waits(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls).slots(10);
    let worker = worker.handle_chunks(Chunks::of(10).within(LONG), store_rows);
    let mut events = worker.events();
    let worker = worker.start().await.expect("started");
    let ids = enqueued(&client, &[Row::Fine; 3]).await;
    for _ in &ids {
        event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    }
    let stopped = tokio::time::timeout(SOON, worker.stop_within(LONG)).await;
    assert!(stopped.is_ok(), "what waits is not waited for");
    assert!(called.recv().await.is_none(), "nothing was called");
    for id in ids {
        let job = client.job(id).await.expect("read").expect("there");
        assert_eq!((job.state, job.failures), (State::Available, 0));
    }
}

async fn one_that_waits_is_cancelled_alone(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls).slots(3);
    let worker = worker.handle_chunks(Chunks::of(3).within(LONG), store_rows);
    let mut events = worker.events();
    let worker = worker.start().await.expect("started");
    let first = enqueued(&client, &[Row::Fine; 2]).await;
    for _ in &first {
        event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    }
    client.cancel(&first[..1], "not wanted").await.expect("asked");
    assert_eq!(ended(&client, first[0]).await.state, State::Cancelled);
    let more = enqueued(&client, &[Row::Fine; 2]).await;
    for id in first[1..].iter().chain(&more) {
        assert_eq!(ended(&client, *id).await.state, State::Completed);
    }
    assert_eq!(called.recv().await, Some(3));
    worker.stop().await;
}

/// Hangs at its first attempt.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "chunk.hung", timeout = "1s", retry = at_once)]
struct Hung {}

/// Tells that it was dropped.
struct Dropped(mpsc::UnboundedSender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // The test may have ended.
        let _ = self.0.send(());
    }
}

async fn hung(chunk: Chunk<Hung, mpsc::UnboundedSender<()>>) -> Result<(), JobError> {
    if chunk.iter().any(|item| item.cx().attempt() == 1) {
        let _dropped = Dropped(chunk.app().clone());
        std::future::pending::<()>().await;
    }
    Ok(())
}

async fn a_call_that_hangs_is_dropped(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let options = Options { abandon_after: Duration::from_millis(50), ..Options::default() };
    let worker = Worker::new(Arc::clone(client.store()), sender).slots(2).options(options);
    let chunks = Chunks::of(2).within(Duration::from_millis(100));
    let worker = worker.handle_chunks(chunks, hung).start().await.expect("started");
    let jobs = client.enqueue_all([Hung {}, Hung {}]).await.expect("written");
    tokio::time::timeout(SOON, dropped.recv()).await.expect("soon").expect("dropped");
    for job in jobs {
        let job = ended(&client, job.id()).await;
        assert_eq!(outcomes(&job), [Outcome::Timeout]);
    }
    worker.stop().await;
}

/// Waits at its first attempt until one of them must end.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "chunk.careful")]
struct Careful {}

async fn careful(chunk: Chunk<Careful>) -> anyhow::Result<()> {
    if chunk.len() == 2 {
        let first = chunk.iter().next().expect("two").cx().clone();
        let last = chunk.iter().last().expect("two").cx().clone();
        tokio::select! {
            () = first.cancelled() => {}
            () = last.cancelled() => {}
        }
        first.safe_point()?;
        last.safe_point()?;
    }
    Ok(())
}

async fn a_safe_point_of_one_ends_no_other(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let worker = Worker::without_app(Arc::clone(client.store())).slots(2);
    let chunks = Chunks::of(2).within(Duration::from_secs(2));
    let worker = worker.handle_chunks(chunks, careful);
    let mut events = worker.events();
    let worker = worker.start().await.expect("started");
    let jobs = client.enqueue_all([Careful {}, Careful {}]).await.expect("written");
    for _ in &jobs {
        event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    }
    client.cancel(&[jobs[0].id()], "not wanted").await.expect("asked");
    assert_eq!(ended(&client, jobs[0].id()).await.state, State::Cancelled);
    let other = ended(&client, jobs[1].id()).await;
    assert_eq!((other.state, other.failures), (State::Completed, 0));
    worker.stop().await;
}

/// Opens in two steps, and hears what the call does.
struct Stages {
    gate: Semaphore,
    says: mpsc::UnboundedSender<&'static str>,
}

async fn staged(chunk: Chunk<Careful, Arc<Stages>>) -> Result<(), JobError> {
    let mut items = chunk.into_iter();
    let (abandoned, told) = (items.next().expect("two"), items.next().expect("two"));
    let cx = told.cx().clone();
    tokio::select! {
        () = abandoned.cx().cancelled() => {}
        () = told.cx().cancelled() => {}
    }
    let (abandoned, told) =
        if abandoned.cx().is_cancelled() { (abandoned, told) } else { (told, abandoned) };
    cx.app().gate.acquire().await.expect("it is not closed").forget();
    told.complete();
    cx.app().says.send("told").expect("the test listens");
    cx.app().gate.acquire().await.expect("it is not closed").forget();
    cx.app().says.send("committed").expect("the test listens");
    drop(abandoned);
    Ok(())
}

async fn a_call_goes_on_behind_an_abandoned_job(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (says, mut said) = mpsc::unbounded_channel();
    let options = Options { abandon_after: Duration::from_millis(50), ..Options::default() };
    let stages = Arc::new(Stages { gate: Semaphore::new(0), says });
    let worker = Worker::new(Arc::clone(client.store()), Arc::clone(&stages)).slots(2);
    let worker = worker.options(options).handle_chunks(Chunks::of(2).within(LONG), staged);
    let mut events = worker.events();
    let worker = worker.start().await.expect("started");
    let jobs = client.enqueue_all([Careful {}, Careful {}]).await.expect("written");
    for _ in &jobs {
        event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    }
    client.cancel(&[jobs[0].id()], "not wanted").await.expect("asked");
    assert_eq!(ended(&client, jobs[0].id()).await.state, State::Cancelled);
    stages.gate.add_permits(1);
    assert_eq!(said.recv().await, Some("told"));
    let last = jobs[1].id();
    let settled =
        event(&mut events, |event| matches!(event, Event::Settled { job, .. } if *job == last));
    let settled = tokio::time::timeout(Duration::from_millis(300), settled).await;
    assert!(settled.is_err(), "the call has not ended");
    stages.gate.add_permits(1);
    assert_eq!(said.recv().await, Some("committed"));
    assert_eq!(ended(&client, last).await.state, State::Completed);
    worker.stop().await;
}

async fn told_then_hung(chunk: Chunk<Hung>) -> Result<(), JobError> {
    chunk.into_iter().for_each(windlass::chunk::Item::complete);
    std::future::pending().await
}

async fn what_was_told_stands_though_the_call_hangs(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let worker = Worker::without_app(Arc::clone(client.store())).slots(2);
    let chunks = Chunks::of(2).within(Duration::from_millis(100));
    let worker = worker.handle_chunks(chunks, told_then_hung).start().await.expect("started");
    for job in client.enqueue_all([Hung {}, Hung {}]).await.expect("written") {
        let job = ended(&client, job.id()).await;
        assert_eq!((job.state, outcomes(&job)), (State::Completed, vec![]));
    }
    worker.stop().await;
}

/// O38: in tests of applications a chunk is what is due, without a wait.
#[tokio::test]
async fn a_drain_has_whole_chunks() {
    let test = TestStore::new().await;
    let client = test.client();
    enqueued(&client, &[Row::Output(1); 25]).await;
    let (calls, mut called) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), calls);
    let worker = worker.handle_chunks(Chunks::of(10).within(LONG), store_rows);
    let drained = test.drain("default", worker).await;
    assert_eq!(drained.attempts().len(), 25);
    let mut sizes = Vec::new();
    while let Ok(size) = called.try_recv() {
        sizes.push(size);
    }
    assert_eq!(sizes, [10, 10, 5]);
}

/// A kind whose attempts have a process each.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "chunk.isolated", isolate = "process")]
struct Isolated {}

/// What could never work is refused before anything runs.
#[tokio::test]
async fn chunks_that_cannot_be_are_refused() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let start = async |chunks| {
        let worker = Worker::new(Arc::clone(&store), mpsc::unbounded_channel().0);
        worker.handle_chunks(chunks, store_rows).start().await.map(|_| ())
    };
    assert!(matches!(start(Chunks::of(0)).await, Err(StartError::Zero("the size of a chunk"))));
    let refused = start(Chunks::of(51)).await;
    assert!(matches!(refused, Err(StartError::ChunkSlots { most: 51, slots: 50, .. })));
    let refused = start(Chunks::of(50).within(Duration::from_secs(1_200))).await;
    assert!(matches!(refused, Err(StartError::ChunkWait { .. })));
    let isolated = async |_: Chunk<Isolated>| Ok::<_, JobError>(());
    let worker = Worker::without_app(store).handle_chunks(Chunks::of(2), isolated);
    assert!(matches!(worker.start().await, Err(StartError::IsolatedChunks(_))));
}
