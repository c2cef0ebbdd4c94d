//! What a program puts around and beside its attempts: hooks, reports of failures, timers, work on threads of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use windlass::prelude::*;
use windlass::store::Now;
use windlass::subscription::{Filter, Start, Subscription};
use windlass::{
    AfterFailure, AttemptContext, Backoff, Event, Failure, Hooked, Hooks, Options, Outcome,
    RetryPolicy, StartError, State,
};

use crate::probes::Okay;
use crate::test_database::{SOON, TestDatabase, ended, event, on_both_stores};

on_both_stores! {
    /// T34: hooks run in the order of their layers before, and in reverse after and on errors; those of a kind further in.
    hooks_run_in_order_and_in_reverse;
    /// O29, T34: a report has the job, its root, the error with its causes, the outcome and what is next.
    a_failure_is_reported;
    /// O29: an attempt whose worker lost it is reported as lost.
    a_lost_attempt_is_reported;
    /// O29: a report that panics, hangs or waits harms no job, and keeps back only others.
    a_report_does_no_harm;
    /// A20: log lines that cannot be written, a report, a timer and a pager that fail: each job still has its end, and all others are
    /// told.
    channels_that_fail_are_apart;
    /// T35: a timer goes on while the worker is fully loaded, and ends with the worker; an idle worker says so once.
    timers_end_with_the_worker;
    /// T35: blocking work is in the attempt's span, is told to end, and its panic is the attempt's.
    blocking_work_belongs_to_its_attempt;
}

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

/// Fails or works, as it is told.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.step", max_attempts = 1)]
struct Step {
    fails: bool,
}

async fn step(job: Step, _: Context) -> anyhow::Result<()> {
    anyhow::ensure!(!job.fails, "no luck");
    Ok(())
}

type Calls = Arc<Mutex<Vec<String>>>;

/// Notes what it is called for.
struct Notes {
    name: &'static str,
    fails: bool,
    calls: Calls,
}

impl Notes {
    fn note(&self, what: &str) {
        self.calls.lock().expect("whole").push(format!("{} {what}", self.name));
    }
}

impl Hooks for Notes {
    async fn before(&self, _: &AttemptContext) -> Result<(), JobError> {
        self.note("b");
        if self.fails { Err(JobError::dead("not today")) } else { Ok(()) }
    }

    async fn after(&self, _: &AttemptContext) {
        self.note("a");
    }

    async fn on_error(&self, _: &AttemptContext, _: &JobError) {
        self.note("e");
    }
}

async fn hooks_run_in_order_and_in_reverse(database: TestDatabase) {
    let client = Client::new(database.open().await);
    for (c_fails, fails, expected) in [
        (false, false, "A b, B b, C b, C a, B a, A a"),
        (false, true, "A b, B b, C b, C e, B e, A e"),
        (true, false, "A b, B b, C b, B e, A e"),
    ] {
        let calls = Calls::default();
        let notes = |name, fails| Hooked::new(Notes { name, fails, calls: Arc::clone(&calls) });
        let worker = Worker::new(Arc::clone(client.store()), ()).handle_fn(step);
        let worker = worker.handle_fn(async |_: Okay, _: Context| Ok::<_, JobError>(()));
        // The kind's own is the innermost, wherever it is added, and no other kind sees it.
        let worker = worker.kind_layer(Step::KIND, notes("C", c_fails));
        let worker = worker.handler_layer(notes("A", false)).handler_layer(notes("B", false));
        let worker = worker.start().await.expect("started");
        let job = client.enqueue(Step { fails }).await.expect("written").id();
        ended(&client, job).await;
        assert_eq!(std::mem::take(&mut *calls.lock().expect("whole")).join(", "), expected);
        let other = client.enqueue(Okay { number: 1 }).await.expect("written").id();
        ended(&client, other).await;
        worker.stop().await;
        assert_eq!(calls.lock().expect("whole").join(", "), "A b, B b, B a, A a");
    }
}

/// A layer for a kind that is not there is a mistake.
#[tokio::test]
async fn a_layer_of_no_kind_is_refused() {
    let database = TestDatabase::sqlite();
    let notes = Notes { name: "A", fails: false, calls: Calls::default() };
    let worker = Worker::new(database.open().await, ()).handle_fn(step);
    let refused = worker.kind_layer("around.stop", Hooked::new(notes)).start().await;
    assert!(matches!(refused, Err(StartError::LayerOfNoKind(kind)) if kind == "around.stop"));
}

/// Ends badly, in one of several ways.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.bad", retry = at_once, timeout = "100ms")]
enum Bad {
    Error,
    Dead,
    Panic,
    Hang,
    Snooze,
}

#[derive(Debug)]
struct SendError(std::io::Error);

impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sending failed")
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn bad(job: Bad, cx: Context) -> Result<(), JobError> {
    if cx.attempt() > 1 {
        return Ok(());
    }
    match job {
        Bad::Error => Err(SendError(std::io::Error::other("refused")).into()),
        Bad::Dead => Err(JobError::dead("no such user")),
        Bad::Panic => panic!("no luck"),
        Bad::Hang => std::future::pending().await,
        Bad::Snooze => Err(JobError::snooze(Duration::ZERO)),
    }
}

async fn next(reports: &mut mpsc::UnboundedReceiver<Failure>) -> Failure {
    tokio::time::timeout(SOON, reports.recv()).await.expect("soon").expect("a report")
}

async fn a_failure_is_reported(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (sender, mut reports) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), ()).handle_fn(bad);
    let worker = worker.on_failure(move |failure| {
        let sender = sender.clone();
        async move { sender.send(failure).expect("the test listens") }
    });
    let worker = worker.start().await.expect("started");
    let job = client.enqueue(Bad::Error).await.expect("written").id();
    let failure = next(&mut reports).await;
    assert_eq!((failure.job, failure.kind.as_str(), failure.attempt), (job, "around.bad", 1));
    assert_eq!((failure.queue.as_str(), failure.root), ("default", job));
    assert_eq!(failure.outcome, Outcome::Error);
    assert_eq!(failure.error, "sending failed: refused");
    assert_eq!(failure.causes(), ["sending failed", "refused"]);
    assert!(failure.cause.as_ref().is_some_and(|cause| cause.is::<SendError>()));
    assert!(failure.will_retry(), "{:?}", failure.next);
    client.enqueue(Bad::Dead).await.expect("written");
    let failure = next(&mut reports).await;
    let reason = "failed for good: no such user".to_owned();
    assert_eq!(failure.next, AfterFailure::Dead { reason });
    assert_eq!(failure.causes(), ["no such user"]);
    client.enqueue(Bad::Panic).await.expect("written");
    let failure = next(&mut reports).await;
    assert_eq!(failure.outcome, Outcome::Panic);
    assert!(failure.error.starts_with("panicked: no luck at "), "{}", failure.error);
    let hung = client.enqueue(Bad::Hang).await.expect("written").id();
    let failure = next(&mut reports).await;
    assert_eq!(
        (failure.job, failure.outcome, failure.will_retry()),
        (hung, Outcome::Timeout, true)
    );
    let snoozed = client.enqueue(Bad::Snooze).await.expect("written").id();
    ended(&client, snoozed).await;
    worker.stop().await;
    assert!(reports.recv().await.is_none(), "a snooze is not reported");
}

/// Waits until its first attempt is told to end.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.lost")]
struct LostOnce {}

async fn a_lost_attempt_is_reported(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let (sender, mut reports) = mpsc::unbounded_channel();
    let lost_once = async |_: LostOnce, cx: Context| {
        if cx.attempt() == 1 {
            cx.cancelled().await;
        }
        Ok::<_, JobError>(())
    };
    let options = Options { heartbeat: Duration::from_millis(50), ..Options::default() };
    let worker = Worker::new(Arc::clone(&store), ()).handle_fn(lost_once).options(options);
    let worker = worker.on_failure(move |failure| {
        let sender = sender.clone();
        async move { sender.send(failure).expect("the test listens") }
    });
    let mut events = worker.events();
    let worker = worker.start().await.expect("started");
    let job = client.enqueue(LostOnce {}).await.expect("written").id();
    event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    let gone = store.workers().await.expect("listed")[0].id;
    store.leave(gone, Now::Database).await.expect("it is taken off the list");
    // It may claim the job again before it learns that it is gone, and then loses the second attempt too.
    let mut failure = next(&mut reports).await;
    while failure.attempt > 1 {
        failure = next(&mut reports).await;
    }
    assert_eq!((failure.job, failure.attempt, failure.outcome), (job, 1, Outcome::Lost));
    assert_eq!(failure.next, AfterFailure::Elsewhere);
    assert_eq!(ended(&client, job).await.state, State::Completed);
    worker.stop().await;
}

async fn a_report_does_no_harm(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (sender, mut begun) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), ()).handle_fn(bad);
    let worker = worker.on_failure(move |failure: Failure| {
        sender.send(failure.kind.clone()).expect("the test listens");
        async move {
            assert_ne!(failure.outcome, Outcome::Panic, "a report may fail too");
            std::future::pending::<()>().await;
        }
    });
    let worker = worker.start().await.expect("started");
    let mut jobs = Vec::new();
    for job in [Bad::Panic, Bad::Error, Bad::Error, Bad::Hang] {
        jobs.push(client.enqueue(job).await.expect("written").id());
        if jobs.len() < 3 {
            tokio::time::timeout(SOON, begun.recv()).await.expect("soon").expect("a report");
        }
    }
    for job in jobs {
        assert_eq!(ended(&client, job).await.state, State::Completed);
    }
    let stopped = tokio::time::timeout(SOON, worker.stop()).await;
    assert!(stopped.is_ok(), "a report that hangs keeps no worker from its end");
}

/// Is told of a job that is dead.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.page", max_attempts = 1)]
struct Page {}

/// Where the test hears who was told.
type Told = mpsc::UnboundedSender<&'static str>;

/// Is told of it too.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.chat")]
struct Chat {}

async fn channels_that_fail_are_apart(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let filter = || Filter::of_types(["windlass.job.dead"]).build().expect("a filter");
    for (name, kind) in [("page", Page::KIND), ("chat", Chat::KIND)] {
        let told = Subscription::new(filter(), kind);
        client.subscribe(name, &told, Start::Now).await.expect("made");
    }
    database.refuse_log_lines().await;
    let (sender, mut told) = mpsc::unbounded_channel();
    let (reports, ticks) = (sender.clone(), sender.clone());
    let worker = Worker::new(Arc::clone(client.store()), sender)
        .handle_fn(async |job: Step, cx: Context<Told>| {
            cx.log(Level::Warn, "this line has no place");
            if job.fails { Err(JobError::dead("no luck")) } else { Ok(()) }
        })
        .handle_fn(async |_: Page, _: Context<Told>| -> Result<(), JobError> {
            panic!("the pager is broken")
        })
        .handle_fn(async |_: Chat, cx: Context<Told>| {
            cx.app().send("chat").expect("the test listens");
            Ok::<_, JobError>(())
        })
        .on_failure(move |failure: Failure| {
            let sent = (failure.kind == Step::KIND).then(|| reports.send("report"));
            async move { panic!("the report is broken: {sent:?}") }
        })
        .every(Duration::from_millis(300), move |_| {
            let sent = ticks.send("tick");
            async move { panic!("the timer is broken: {sent:?}") }
        });
    let worker = worker.slots(1).start().await.expect("started");
    let fails = [true, false, true, false];
    let jobs = fails.map(|fails| Step { fails });
    let jobs = client.enqueue_all(jobs).await.expect("written");
    for (fails, job) in fails.into_iter().zip(jobs) {
        let state = ended(&client, job.id()).await.state;
        assert_eq!(state, if fails { State::Dead } else { State::Completed });
    }
    let mut left = vec![("report", 2), ("chat", 2), ("tick", 2)];
    while !left.is_empty() {
        let next = tokio::time::timeout(SOON, told.recv()).await.expect("soon");
        for (what, times) in &mut left {
            *times -= i32::from(next == Some(*what));
        }
        left.retain(|(_, times)| *times > 0);
    }
    worker.stop().await;
    let pages = "kind:around.page state:dead".parse().expect("a filter");
    let pages = client.jobs(&pages, windlass::job::Page::default()).await.expect("read");
    assert!(pages.len() <= 2, "the death of a page is not told");
}

/// Runs until the gate is open.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.full")]
struct Full {}

async fn timers_end_with_the_worker(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let gate = Arc::new(Semaphore::new(0));
    let full = async |_: Full, cx: Context<Arc<Semaphore>>| {
        drop(cx.app().acquire().await);
        Ok::<_, JobError>(())
    };
    let (sender, mut ticks) = mpsc::unbounded_channel();
    let (idle_sender, mut idle) = mpsc::unbounded_channel();
    let worker =
        Worker::new(Arc::clone(client.store()), Arc::clone(&gate)).handle_fn(full).slots(4);
    let worker = worker.every(Duration::from_millis(50), move |gate: Arc<Arc<Semaphore>>| {
        let open = gate.available_permits();
        let sender = sender.clone();
        async move { sender.send(open).expect("the test listens") }
    });
    let worker = worker.on_idle(move |_| {
        let sent = idle_sender.send(());
        async move { sent.expect("the test listens") }
    });
    let worker = worker.start().await.expect("started");
    let soon = async |wait: &mut mpsc::UnboundedReceiver<()>| {
        tokio::time::timeout(SOON, wait.recv()).await.expect("soon").expect("called");
    };
    soon(&mut idle).await;
    client.enqueue_all((0..8).map(|_| Full {})).await.expect("written");
    let loaded = async {
        while worker.stats().started() < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, loaded).await.expect("all slots are taken");
    for _ in 0..5 {
        let tick = tokio::time::timeout(SOON, ticks.recv()).await.expect("it goes on");
        assert_eq!(tick, Some(0), "it has the application's state");
    }
    assert!(idle.try_recv().is_err(), "nobody is idle");
    gate.add_permits(8);
    soon(&mut idle).await;
    worker.stop().await;
    let rest = async { while ticks.recv().await.is_some() {} };
    tokio::time::timeout(SOON, rest).await.expect("the timer is gone with its worker");
}

/// A timer without a period is refused.
#[tokio::test]
async fn a_timer_needs_a_period() {
    let worker = Worker::new(TestDatabase::sqlite().open().await, ()).handle_fn(step);
    let refused = worker.every(Duration::ZERO, async |_| ()).start().await;
    assert!(matches!(refused, Err(StartError::Zero("a timer's period"))));
}

/// Computes, in one of several ways.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "around.compute", max_attempts = 1, timeout = "200ms")]
enum Compute {
    Value,
    Panic,
    Forever,
}

async fn compute(
    job: Compute,
    cx: Context<mpsc::UnboundedSender<bool>>,
) -> Result<String, JobError> {
    cx.blocking(move |cx| match job {
        Compute::Value => Ok(format!("attempt {} of {}", cx.attempt(), cx.kind())),
        Compute::Panic => panic!("a wrong turn"),
        Compute::Forever => {
            while !cx.is_cancelled() {
                std::thread::yield_now();
            }
            cx.app().send(true).expect("the test listens");
            Err(JobError::cancelled("told to end"))
        }
    })
    .await
}

async fn blocking_work_belongs_to_its_attempt(database: TestDatabase) {
    let client = Client::new(database.open().await);
    let (told, mut was_told) = mpsc::unbounded_channel();
    let worker = Worker::new(Arc::clone(client.store()), told).handle_fn(compute).start().await;
    let worker = worker.expect("started");
    let end = async |job| ended(&client, client.enqueue(job).await.expect("written").id()).await;
    let output = end(Compute::Value).await.output.expect("an output");
    assert_eq!(output.as_str(), "\"attempt 1 of around.compute\"");
    let panicked = end(Compute::Panic).await;
    let attempt = &panicked.history[0];
    assert_eq!(attempt.outcome, Outcome::Panic);
    let error = attempt.error.as_deref().unwrap_or_default();
    assert!(
        error.starts_with("panicked: a wrong turn at ") && error.contains("around.rs"),
        "{error}"
    );
    assert_eq!(end(Compute::Forever).await.history[0].outcome, Outcome::Timeout);
    assert_eq!(was_told.recv().await, Some(true));
    worker.stop().await;
}
