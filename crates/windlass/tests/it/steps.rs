//! Steps, checkpoints and sleeps: what a handler keeps across the attempts of its job.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use windlass::prelude::*;
use windlass::step::{StepForm, StepUpgrade};
use windlass::store::{Now, Store};
use windlass::testing::TestStore;
use windlass::{Backoff, JobRecord, RetryPolicy, State};
use windlass_testkit::database::PostgresDatabase;
use windlass_testkit::meter::Meter;

use crate::test_database::{SOON, TestDatabase, ended, on_both_stores};
use import_with_checkpoints::{Catalogue, Import};

#[path = "../../examples/import_of_10000.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod import_of_10000;
#[path = "../../examples/import_with_checkpoints.rs"]
#[expect(dead_code, reason = "its main is the example's alone")]
mod import_with_checkpoints;

/// What the handlers of a test share.
struct Shared {
    /// How often each part of the work was done.
    fetched: AtomicU32,
    stored: AtomicU32,
    /// What a handler waits for.
    gate: Semaphore,
    /// Says that it has come to the gate.
    reached: tokio::sync::Notify,
}

impl Default for Shared {
    fn default() -> Self {
        let (fetched, stored) = (AtomicU32::new(0), AtomicU32::new(0));
        let (gate, reached) = (Semaphore::new(0), tokio::sync::Notify::new());
        Self { fetched, stored, gate, reached }
    }
}

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

fn a_second() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::from_secs(1)), ..RetryPolicy::default() }
}

fn count(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::SeqCst) + 1
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "fetch", retry = at_once)]
struct Fetch {
    fails: u32,
}

async fn fetch(job: Fetch, cx: Context<Arc<Shared>>) -> Result<u32, JobError> {
    let rows = cx.step("fetch", async || Ok(40 + count(&cx.app().fetched))).await?;
    if cx.attempt() <= job.fails {
        return Err("the disk is full".into());
    }
    cx.step("store", async || Ok(count(&cx.app().stored))).await?;
    Ok(rows)
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "gated", retry = at_once)]
struct Gated {}

/// A handler that is at a gate before it records its step.
async fn gated(_: Gated, cx: Context<Arc<Shared>>) -> Result<u32, JobError> {
    let value = cx
        .step("gated", async || {
            let number = count(&cx.app().fetched);
            cx.app().reached.notify_one();
            cx.app().gate.acquire().await?.forget();
            Ok(number)
        })
        .await?;
    Ok(value)
}

on_both_stores! {
    /// T37: what a step has returned is there for the next attempts, and its work is not done again.
    a_step_is_done_once;
    /// I-L3: what a handler did without its lease is not recorded, and ends its attempt; the next attempt does it again.
    a_step_after_the_lease_is_gone_is_not_recorded;
    /// T37: at a stop a handler ends at its safe point, and goes on from its checkpoint elsewhere, without a failure.
    a_handler_goes_on_from_its_checkpoint;
    /// T37: the example's import of a thousand rows is stopped ten times at random on its way: each row is imported once.
    the_examples_import_goes_on_where_it_stopped;
    /// C37, T37: the example's 10,000 members are added in slices by a job that is stopped on its way, and each is imported once;
    /// who waits for their batch is told of failures, and of its completion after their retry.
    the_examples_members_are_imported_as_a_batch;
    /// T48, E5: a job that sleeps takes no slot, and goes on behind its sleep.
    a_job_that_sleeps_takes_no_slot;
}

async fn the_examples_members_are_imported_as_a_batch(database: TestDatabase) {
    import_of_10000::run(database.open().await, 10_000).await.expect("all are imported");
}

async fn a_step_is_done_once(database: TestDatabase) {
    let (store, shared) = (database.open().await, Arc::new(Shared::default()));
    let client = Client::new(Arc::clone(&store));
    let id = client.enqueue(Fetch { fails: 3 }).await.expect("written").id();
    let worker = Worker::new(store, Arc::clone(&shared)).handle_fn(fetch);
    let worker = worker.start().await.expect("it starts");
    let job = ended(&client, id).await;
    worker.stop().await;
    assert_eq!((job.state, job.attempt, job.failures), (State::Completed, 4, 3));
    assert_eq!(job.output.expect("it has one").as_str(), "41");
    let done = [&shared.fetched, &shared.stored].map(|one| one.load(Ordering::SeqCst));
    assert_eq!(done, [1, 1]);
    let steps = client.steps(id).await.expect("read");
    let steps: Vec<_> = steps
        .iter()
        .map(|step| (step.nth, &*step.name, step.output.as_ref().map(|output| output.as_str())))
        .collect();
    assert_eq!(steps, [(1, "fetch", Some("41")), (2, "store", Some("1"))]);
}

async fn a_step_after_the_lease_is_gone_is_not_recorded(database: TestDatabase) {
    let (store, shared) = (database.open().await, Arc::new(Shared::default()));
    let client = Client::new(Arc::clone(&store));
    let id = client.enqueue(Gated {}).await.expect("written").id();
    let worker = Worker::new(Arc::clone(&store), Arc::clone(&shared)).handle_fn(gated).slots(1);
    let worker = worker.start().await.expect("it starts");
    shared.reached.notified().await;
    hand_back_all(&store).await;
    shared.gate.add_permits(2);
    let job = ended(&client, id).await;
    worker.stop().await;
    assert_eq!(job.output.expect("it has one").as_str(), "2", "the first one was not recorded");
    let steps = client.steps(id).await.expect("read");
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].output.as_ref().map(|output| output.as_str()), Some("2"));
}

/// Hands back what the only worker holds, as after a lost answer.
async fn hand_back_all(store: &Arc<dyn Store>) {
    let worker = store.workers().await.expect("read")[0].id;
    let beat = store.heartbeat(worker, Duration::from_secs(30).into(), Now::Database).await;
    let windlass::worker::Beat::Alive { leases, .. } = beat.expect("it lives") else {
        panic!("it is gone")
    };
    for lease in leases {
        store.release(worker, lease, Now::Database).await.expect("handed back");
    }
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "rows")]
struct Rows {
    number: u32,
}

/// Goes through its rows, one after the other, and keeps where it is.
async fn rows(job: Rows, cx: Context<Arc<Shared>>) -> Result<u32, JobError> {
    let mut row = cx.last_checkpoint::<u32>().await?.unwrap_or_default();
    let began_at = row;
    while row < job.number {
        cx.safe_point()?;
        row += 1;
        count(&cx.app().fetched);
        cx.checkpoint(&row).await?;
        cx.progress_count(row.into(), job.number.into());
        if row == 3 {
            cx.app().reached.notify_one();
            cx.stopping().await;
        }
    }
    Ok(began_at)
}

async fn a_handler_goes_on_from_its_checkpoint(database: TestDatabase) {
    let (store, shared) = (database.open().await, Arc::new(Shared::default()));
    let client = Client::new(Arc::clone(&store));
    let id = client.enqueue(Rows { number: 10 }).await.expect("written").id();
    let worker = || Worker::new(Arc::clone(&store), Arc::clone(&shared)).handle_fn(rows).start();
    let first = worker().await.expect("it starts");
    shared.reached.notified().await;
    first.stop().await;
    let progress = client.progress(id).await.expect("read").expect("it has told");
    assert_eq!((progress.progress.done, progress.progress.total), (Some(3), Some(10)));
    let second = worker().await.expect("it starts");
    let job = ended(&client, id).await;
    second.stop().await;
    assert_eq!(job.output.as_ref().map(|output| output.as_str()), Some("3"));
    assert_eq!((job.failures, shared.fetched.load(Ordering::SeqCst)), (0, 10));
    for (view, rows) in [("job_step", 0), ("job_progress", 1), ("job_log", 0)] {
        assert_eq!(database.count(view).await, rows, "seen by SQL in {view}");
    }
    let progress = client.progress(id).await.expect("read").expect("it has told");
    assert_eq!(progress.progress.done, Some(10), "the last word is written");
    assert_eq!(progress.checkpoint.expect("kept").as_str(), "10");
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "nap")]
struct Nap {}

async fn nap(_: Nap, cx: Context<Arc<Shared>>) -> Result<u32, JobError> {
    cx.step("before", async || Ok(count(&cx.app().fetched))).await?;
    cx.sleep("nap", Duration::from_millis(300)).await?;
    Ok(cx.step("after", async || Ok(count(&cx.app().stored))).await?)
}

async fn a_job_that_sleeps_takes_no_slot(database: TestDatabase) {
    let (store, shared) = (database.open().await, Arc::new(Shared::default()));
    let client = Client::new(Arc::clone(&store));
    let ids = client.enqueue_all((0..20).map(|_| Nap {})).await.expect("written");
    let worker = Worker::new(store, Arc::clone(&shared)).handle_fn(nap).slots(1);
    let worker = worker.start().await.expect("it starts");
    for one in ids {
        let job = ended(&client, one.id()).await;
        assert_eq!((job.state, job.attempt, job.failures), (State::Completed, 2, 0));
        let slept = job.finished_at.expect("it ended").since(job.created_at);
        assert!(slept >= Duration::from_millis(300), "{slept:?}");
    }
    worker.stop().await;
    let done = [&shared.fetched, &shared.stored].map(|one| one.load(Ordering::SeqCst));
    assert_eq!(done, [20, 20]);
}

/// The rows that were imported, in their order.
#[derive(Default)]
struct Rowed(Mutex<Vec<u64>>);

impl Catalogue for Rowed {
    async fn put(&self, row: u64) -> Result<(), JobError> {
        self.0.lock().expect("nobody panics").push(row);
        tokio::task::yield_now().await;
        Ok(())
    }
}

async fn the_examples_import_goes_on_where_it_stopped(database: TestDatabase) {
    let store = database.open().await;
    let (client, rows) = (Client::new(Arc::clone(&store)), Arc::new(Rowed::default()));
    let id = client.enqueue(Import { rows: 1_000 }).await.expect("written").id();
    let imported = || rows.0.lock().expect("nobody panics").len();
    for stop in 1..=10 {
        let worker = import_with_checkpoints::worker(Arc::clone(&store), Arc::clone(&rows));
        let worker = worker.start().await.expect("it starts");
        let enough = (stop * 50 + fastrand::usize(..100)).max(imported() + 1);
        let some = async {
            while imported() < enough {
                tokio::task::yield_now().await
            }
        };
        tokio::time::timeout(SOON, some).await.expect("it goes on");
        worker.stop().await;
    }
    assert!(imported() < 1_000, "it was stopped on its way");
    let worker = import_with_checkpoints::worker(store, Arc::clone(&rows));
    let worker = worker.start().await.expect("it starts");
    let job = ended(&client, id).await;
    worker.stop().await;
    assert_eq!((job.state, job.failures), (State::Completed, 0));
    assert_eq!(*rows.0.lock().expect("nobody panics"), (0..1_000).collect::<Vec<_>>());
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "tight")]
struct Tight {}

/// T37: progress that is said in a tight loop costs a write a second at most, whatever the number of jobs, and the last word of
/// each is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tight_loop_of_progress_costs_few_writes() {
    const SAID: u64 = 200_000;
    let database = PostgresDatabase::fresh();
    let meter = Meter::before(&database.tcp_url()).await;
    let store = windlass::open(meter.url()).await.expect("the store opens");
    let client = Client::new(Arc::clone(&store));
    let worker = Worker::new(store, ()).handle_fn(async |_: Tight, cx: Context| {
        for done in 1..=SAID {
            cx.progress_count(done, SAID);
            if done % 100 == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok::<_, JobError>(())
    });
    let worker = worker.start().await.expect("it starts");
    let _ = meter.take();
    let began = Instant::now();
    let ids = client.enqueue_all((0..4).map(|_| Tight {})).await.expect("written");
    for one in &ids {
        ended(&client, one.id()).await;
    }
    let seconds = began.elapsed().as_secs() + 1;
    worker.stop().await;
    let sent = meter.take();
    let writes = sent.iter().filter(|one| one.sql.contains("windlass.progress")).count();
    // One a second for all of them, the first at once, and the last word of each.
    let most = seconds + 1 + ids.len() as u64;
    assert!(writes as u64 <= most, "{writes} writes in {seconds} s");
    for one in &ids {
        let progress = client.progress(one.id()).await.expect("read").expect("it has told");
        assert_eq!(progress.progress.done, Some(SAID));
    }
}

/// A store for a test, with one job on it.
async fn with_one<J: Job>(job: J) -> (TestStore, JobId) {
    let test = TestStore::new().await;
    let id = test.client().enqueue(job).await.expect("written").id();
    (test, id)
}

async fn record(test: &TestStore, id: JobId) -> JobRecord {
    test.client().job(id).await.expect("read").expect("it is there")
}

fn last_error(job: &JobRecord) -> &str {
    let last = job.history.last().expect("it has run");
    last.error.as_deref().unwrap_or_default()
}

#[derive(Serialize, Deserialize, Job)]
#[job(kind = "order", retry = a_second)]
struct Order {}

/// A handler that calls these steps and then fails.
async fn failing(cx: Context<Vec<&'static str>>) -> Result<(), JobError> {
    for name in cx.app() {
        cx.step(name, async || Ok(())).await?;
    }
    Err("not yet".into())
}

async fn run_failing(test: &TestStore, names: &[&'static str]) {
    let worker = Worker::new(test.store(), names.to_vec())
        .handle_fn(async |_: Order, cx: Context<Vec<&'static str>>| failing(cx).await);
    test.advance(Duration::from_secs(2));
    let drained = test.drain("default", worker).await;
    assert_eq!(drained.failed().len(), 1);
}

/// T37: a changed list of steps fails the attempt with both names, runs nothing, and goes on once a handler calls what is recorded.
#[tokio::test]
async fn a_changed_list_is_refused_and_a_corrected_one_goes_on() {
    let (test, id) = with_one(Order {}).await;
    run_failing(&test, &["charge", "ship"]).await;
    run_failing(&test, &["charge", "pack"]).await;
    let job = record(&test, id).await;
    let error = last_error(&job);
    assert!(error.contains("`pack` is called where `ship` is recorded"), "{error}");
    run_failing(&test, &["charge", "ship", "mail"]).await;
    assert_eq!(last_error(&record(&test, id).await), "not yet");
    run_failing(&test, &["charge", "charge"]).await;
    let job = record(&test, id).await;
    assert!(last_error(&job).contains("`charge` is called twice"), "{}", last_error(&job));
    assert_eq!(job.state, State::Retryable);
    let steps = test.client().steps(id).await.expect("read");
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["charge", "ship", "mail"]);
}

/// T37: a handler says how an older list becomes its own, on each attempt, and it is changed once.
#[tokio::test]
async fn an_older_list_is_upgraded() {
    let (test, id) = with_one(Order {}).await;
    run_failing(&test, &["charge", "old", "ship"]).await;
    let upgraded = async |_: Order, cx: Context| -> Result<(), JobError> {
        let upgrade = StepUpgrade::new().rename("charge", "pay").drop("old");
        cx.upgrade_steps(upgrade.add_after("pay", "receipt", &17)).await?;
        let done = async || -> Result<i32, JobError> { panic!("it is recorded") };
        cx.step::<()>("pay", async || panic!("it is recorded")).await?;
        assert_eq!(cx.step("receipt", done).await?, 17);
        cx.step::<()>("ship", async || panic!("it is recorded")).await?;
        cx.step("mail", async || Ok(())).await?;
        if cx.attempt() < 3 { Err("not yet".into()) } else { Ok(()) }
    };
    for _ in 0..2 {
        test.advance(Duration::from_secs(2));
        let worker = Worker::new(test.store(), ()).handle_fn(upgraded);
        assert_eq!(test.drain("default", worker).await.attempts().len(), 1);
    }
    let job = record(&test, id).await;
    assert_eq!(job.state, State::Completed, "{:?}", job.history);
    let steps = test.client().steps(id).await.expect("read");
    let names: Vec<_> = steps.iter().map(|step| (step.nth, step.name.as_str())).collect();
    assert_eq!(names, [(1, "pay"), (2, "receipt"), (3, "ship"), (4, "mail")]);
}

/// T37: a volatile step is recorded with the next one, or with the failure of its attempt.
#[tokio::test]
async fn a_volatile_step_is_written_with_what_comes_next() {
    let (test, id) = with_one(Order {}).await;
    let (first, second) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counters = Arc::new((Arc::clone(&first), Arc::clone(&second)));
    let handler = async |_: Order, cx: Context<Arc<(Arc<AtomicU32>, Arc<AtomicU32>)>>| {
        cx.volatile_step("look up", async || Ok(count(&cx.app().0))).await?;
        let before = cx.client().steps(cx.job_id()).await?.len();
        cx.step("charge", async || Ok(())).await?;
        let after = cx.client().steps(cx.job_id()).await?.len();
        cx.volatile_step("reckon", async || Ok(count(&cx.app().1))).await?;
        if cx.attempt() == 1 {
            assert_eq!((before, after), (0, 2));
            return Err::<(), JobError>("not yet".into());
        }
        Ok(())
    };
    for _ in 0..2 {
        test.advance(Duration::from_secs(2));
        let worker = Worker::new(test.store(), Arc::clone(&counters)).handle_fn(handler);
        assert_eq!(test.drain("default", worker).await.attempts().len(), 1);
    }
    let job = record(&test, id).await;
    assert_eq!(job.state, State::Completed, "{:?}", job.history);
    assert_eq!([&first, &second].map(|one| one.load(Ordering::SeqCst)), [1, 1]);
    assert_eq!(test.client().steps(id).await.expect("read").len(), 3);
}

/// T37: announced steps run at once and in any order; what one of them has done is not done again.
#[tokio::test]
async fn announced_steps_run_at_once() {
    let (test, id) = with_one(Order {}).await;
    let handler = async |_: Order, cx: Context<Arc<Shared>>| {
        let set = cx.step_set(["left", "right"]).await?;
        let left = set.step("left", async || Ok(count(&cx.app().fetched)));
        let right = set.step("right", async || {
            if cx.attempt() == 1 { Err("not yet".into()) } else { Ok(count(&cx.app().stored)) }
        });
        let (right, left) = tokio::join!(right, left);
        let sum = left? + right?;
        let stranger = set.step("left", async || Ok(0)).await;
        assert!(stranger.expect_err("refused").to_string().contains("announced"));
        cx.step("sum", async || Ok(sum)).await?;
        Ok::<_, JobError>(sum)
    };
    let shared = Arc::new(Shared::default());
    for _ in 0..2 {
        test.advance(Duration::from_secs(2));
        let worker = Worker::new(test.store(), Arc::clone(&shared)).handle_fn(handler);
        assert_eq!(test.drain("default", worker).await.attempts().len(), 1);
    }
    let job = record(&test, id).await;
    assert_eq!(job.state, State::Completed, "{:?}", job.history);
    assert_eq!((shared.fetched.load(Ordering::SeqCst), job.attempt), (1, 2));
    let steps = test.client().steps(id).await.expect("read");
    let names: Vec<_> = steps.iter().map(|step| (step.nth, step.name.as_str())).collect();
    assert_eq!(names, [(1, "left"), (2, "right"), (3, "sum")]);
}

/// E5, T48: a sleep lasts as long as it says by the store's clock, also when the attempt that comes is early, as after a crash.
#[tokio::test]
async fn a_sleep_is_not_cut_short() {
    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "sleepy")]
    struct Sleepy {}
    let (test, id) = with_one(Sleepy {}).await;
    let worker = || {
        Worker::new(test.store(), ()).handle_fn(async |_: Sleepy, cx: Context| {
            cx.sleep("night", Duration::from_secs(60)).await?;
            Ok::<_, JobError>(())
        })
    };
    assert_eq!(test.drain("default", worker()).await.completed(), 0);
    for early in [20, 39] {
        // A person, or a crash, makes it available before its time.
        test.advance(Duration::from_secs(early));
        test.client().retry(&[id]).await.expect("retried");
        assert_eq!(test.drain("default", worker()).await.completed(), 0);
    }
    let steps = test.client().steps(id).await.expect("read");
    assert_eq!((steps[0].form, steps[0].output.is_none()), (StepForm::Sleep, true));
    test.advance(Duration::from_secs(2));
    assert_eq!(test.drain("default", worker()).await.completed(), 1);
    let job = record(&test, id).await;
    assert_eq!((job.attempt, job.failures), (4, 0));
}
