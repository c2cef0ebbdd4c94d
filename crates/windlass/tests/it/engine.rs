//! What a worker makes of handlers' ends, of wishes, and of its limits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use windlass::store::Now;

use windlass::job::Cancelled;
use windlass::prelude::*;
use windlass::queue::{Pause, Scope};
use windlass::store::Store;
use windlass::worker::Quiet;
use windlass::{Event, Options, Outcome, RunningWorker, State};

use crate::probes::{End, Fail, Gate, Hang, Okay, Parent, StoreFixture};
use crate::test_database::{SOON, TestDatabase, ended, event, heartbeats, on_both_stores};

/// A worker that knows every probe.
pub(crate) async fn worker(
    store: &Arc<dyn Store>,
    fixture: &Arc<StoreFixture>,
    slots: usize,
) -> RunningWorker {
    described(store, fixture, slots).start().await.expect("the worker starts")
}

/// The same, not started yet.
pub(crate) fn described(
    store: &Arc<dyn Store>,
    fixture: &Arc<StoreFixture>,
    slots: usize,
) -> Worker<Arc<StoreFixture>> {
    let options = Options { abandon_after: Duration::from_millis(100), ..Options::default() };
    Worker::new(Arc::clone(store), Arc::clone(fixture))
        .handle::<Okay>()
        .handle::<Fail>()
        .handle::<End>()
        .handle::<Gate>()
        .handle::<Hang>()
        .handle::<Parent>()
        .queue("default", slots)
        .options(options)
}

on_both_stores! {
    /// E8, T50: the handler's value alone completes the job, and is kept.
    a_value_completes_the_job;
    /// O3 (first half), E4: failures are kept, the third attempt succeeds.
    failures_are_kept_until_it_succeeds;
    /// C12, X1, T50: each end has its outcome, and only failures count.
    each_end_has_its_outcome;
    /// E5: a snooze is not a failure.
    a_snooze_counts_as_nothing;
    /// Bad input: an error text that cannot be stored is made storable, the job still settles.
    an_error_that_cannot_be_stored_is_made_storable;
    /// E7, E2: exactly as many run at once as there are slots.
    no_more_run_at_once_than_there_are_slots;
    /// T14: a handler that hangs is abandoned, its attempt recorded, its slot free.
    a_handler_that_hangs_is_abandoned;
    /// X18, T11: a running handler is told within a second or two, and ends as cancelled.
    a_running_job_can_be_cancelled;
    /// O1, T30 (parts here now): a handler's job carries its tree.
    a_child_knows_its_parent;
    /// T19, A25: what is running at the end of the grace is handed back, uncounted.
    a_stop_hands_back_what_does_not_end;
    /// E11: what was claimed and not started is handed back at once, while other jobs still run.
    a_stop_hands_back_what_has_not_started;
    /// T20: quiet takes no new work, resume does.
    a_quiet_worker_takes_nothing_new;
    /// T12: a worker's heartbeats say when a claim has last brought it jobs.
    the_list_says_when_a_worker_has_last_claimed;
    /// T55, T19: a worker that is asked to stop through the store gives what runs its grace, and leaves; its program finds it stopped.
    a_worker_that_is_asked_to_stop_ends;
    /// T20: what the program itself asked for is not undone by a heartbeat.
    a_worker_that_quieted_itself_stays_quiet;
    /// I-C1, X18: a handler whose runtime was busy does not begin where it was told to end meanwhile.
    what_is_cancelled_before_its_turn_never_begins;
    /// I-W3: a paused queue starts nothing, a resumed one does.
    a_paused_queue_starts_nothing;
    /// C30: a job due later starts at its time, without a poll in between.
    a_scheduled_job_starts_on_time;
    /// T45, I-W7: what a busy worker does not start in time, claimed ahead or not, is cancelled and never runs.
    what_is_not_started_in_time_never_runs;
    /// T18: a second worker goes on where the first one stops; nothing runs twice.
    a_rolling_restart_runs_each_job_once;
}

async fn what_is_not_started_in_time_never_runs(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let fixture = StoreFixture::new();
    let worker = worker(&store, &fixture, 1).await;
    // Short jobs, so that the worker claims ahead.
    let quick = client.enqueue_all((0..200).map(|number| Okay { number })).await.expect("written");
    ended(&client, quick[199].id()).await;
    let jobs = (0..20).map(|number| {
        let expiring = Okay { number }.job().expires_in(Duration::from_millis(300)).any_kind();
        if number == 0 { Gate {}.job().any_kind() } else { expiring }
    });
    let written = client.enqueue_all(jobs).await.expect("written");
    let mut done = 0;
    for one in &written[1..] {
        let job = ended(&client, one.id()).await;
        // The first ones may come before the gate on a claim of their own.
        if job.state == State::Completed {
            done += 1;
            continue;
        }
        let last = job.history.last().expect("an entry");
        assert_eq!((job.state, last.outcome), (State::Cancelled, Outcome::Expired));
        assert_eq!((last.started_at, job.failures), (None, 0));
    }
    fixture.gate.add_permits(1);
    ended(&client, written[0].id()).await;
    worker.stop().await;
    assert_eq!(done, 0, "the gate was first in line");
}

async fn a_value_completes_the_job(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let id = client.enqueue(Okay { number: 42 }).await.expect("written").id();
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let job = ended(&client, id).await;
    assert_eq!(
        (job.state, job.output.map(|json| json.to_string())),
        (State::Completed, Some("42".into()))
    );
    assert_eq!((job.attempt, job.failures, job.worker.as_deref()), (1, 0, Some(worker.label())));
    worker.stop().await;
}

async fn failures_are_kept_until_it_succeeds(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let id = client.enqueue(Fail { times: 2 }.job().max_attempts(5)).await.expect("written").id();
    let job = ended(&client, id).await;
    assert_eq!((job.state, job.attempt, job.failures), (State::Completed, 3, 2));
    let errors: Vec<_> = job.history.iter().filter_map(|past| past.error.as_deref()).collect();
    assert_eq!(errors, ["failure 1", "failure 2"]);
    worker.stop().await;
}

async fn each_end_has_its_outcome(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    for (end, state, outcome, failures) in [
        (End::Panic, State::Dead, Outcome::Panic, 1),
        (End::Dead, State::Dead, Outcome::Error, 1),
        (End::Discard, State::Cancelled, Outcome::Discarded, 0),
    ] {
        let id = client.enqueue(end.clone()).await.expect("written").id();
        let job = ended(&client, id).await;
        let last = job.history.last().expect("an entry");
        assert_eq!((job.state, last.outcome, job.failures), (state, outcome, failures), "{end:?}");
        assert!(job.reason.is_some(), "{end:?} without a reason");
    }
    worker.stop().await;
}

async fn a_snooze_counts_as_nothing(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let id = client.enqueue(End::SnoozeOnce).await.expect("written").id();
    let job = ended(&client, id).await;
    assert_eq!((job.state, job.attempt, job.failures), (State::Completed, 2, 0));
    assert_eq!(job.history[0].outcome, Outcome::Snoozed);
    worker.stop().await;
}

async fn an_error_that_cannot_be_stored_is_made_storable(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let id = client.enqueue(End::Nul).await.expect("written").id();
    let job = ended(&client, id).await;
    assert_eq!(job.history[0].error.as_deref(), Some("a\u{FFFD}b"));
    worker.stop().await;
}

async fn no_more_run_at_once_than_there_are_slots(database: TestDatabase) {
    let store = database.open().await;
    let (client, fixture) = (Client::new(Arc::clone(&store)), StoreFixture::new());
    client.enqueue_all((0..40).map(|_| Gate {}.job())).await.expect("written");
    let worker = worker(&store, &fixture, 7).await;
    let mut events = worker.events();
    for _ in 0..40 {
        fixture.gate.add_permits(1);
        event(&mut events, |event| matches!(event, Event::Settled { .. })).await;
    }
    assert_eq!(fixture.most_inside.load(Ordering::SeqCst), 7);
    worker.stop().await;
}

async fn a_handler_that_hangs_is_abandoned(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = worker(&store, &StoreFixture::new(), 1).await;
    let hang = client.enqueue(Hang {}).await.expect("written").id();
    let after = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    let job = ended(&client, hang).await;
    assert_eq!((job.state, job.history[0].outcome), (State::Dead, Outcome::Timeout));
    assert_eq!(ended(&client, after).await.state, State::Completed);
    assert_eq!(worker.stats().abandoned(), 1);
    worker.stop().await;
}

async fn a_running_job_can_be_cancelled(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let mut events = worker.events();
    let id = client.enqueue(Gate {}).await.expect("written").id();
    event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    let answer = store.cancel(&[id], "no longer wanted", Now::Database).await.expect("answered");
    assert_eq!(answer, [Cancelled::Requested]);
    let job = ended(&client, id).await;
    assert_eq!((job.state, job.reason.as_deref()), (State::Cancelled, Some("no longer wanted")));
    worker.stop().await;
}

async fn a_child_knows_its_parent(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store)).with_origin("test");
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let parent =
        client.enqueue(Parent {}.job().traceparent("00-1-2-01")).await.expect("written").id();
    let output = ended(&client, parent).await.output.expect("the child's id");
    let child = ended(&client, output.read().expect("an id")).await;
    assert_eq!((child.parent, child.root), (Some(parent), Some(parent)));
    assert_eq!(child.meta.traceparent.as_deref(), Some("00-1-2-01"));
    assert_eq!(ended(&client, parent).await.origin.as_deref(), Some("test"));
    worker.stop().await;
}

async fn inside_soon(fixture: &StoreFixture, jobs: usize) {
    let inside = async {
        while fixture.inside.load(Ordering::SeqCst) < jobs {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, inside).await.expect("they run soon");
}

async fn a_stop_hands_back_what_does_not_end(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let fixture = StoreFixture::new();
    let worker = worker(&store, &fixture, 4).await;
    let id = client.enqueue(Gate {}).await.expect("written").id();
    inside_soon(&fixture, 1).await;
    let report = worker.stop_within(Duration::ZERO).await;
    assert_eq!(report.released, 1);
    let job = client.job(id).await.expect("read").expect("there");
    assert_eq!((job.state, job.failures), (State::Available, 0));
    assert_eq!(job.history[0].outcome, Outcome::Released);
    assert!(store.workers().await.expect("read").is_empty());
}

async fn a_stop_hands_back_what_has_not_started(database: TestDatabase) {
    let store = database.open().await;
    let (client, fixture) = (Client::new(Arc::clone(&store)), StoreFixture::new());
    // Short jobs first, so that the worker claims ahead; then ones that stay.
    client.enqueue_all((0..200).map(|n| Okay { number: n }.job())).await.expect("written");
    let worker = described(&store, &fixture, 2);
    let mut events = worker.events();
    let worker = worker.start().await.expect("the worker starts");
    for _ in 0..200 {
        event(&mut events, |event| matches!(event, Event::Settled { .. })).await;
    }
    client.enqueue_all((0..20).map(|_| Gate {}.job())).await.expect("written");
    let count = async |state| store.counts().await.expect("counted").of(state);
    let claimed_ahead = async { while count(State::Running).await <= 2 {} };
    tokio::time::timeout(SOON, claimed_ahead).await.expect("more are claimed than can start");
    // The claim is seen before its answer is: a worker that stops between them begins none.
    inside_soon(&fixture, 2).await;
    let mut stopping = std::pin::pin!(worker.stop_within(SOON));
    let handed_back = async { while count(State::Available).await < 18 {} };
    tokio::select! {
        report = &mut stopping => panic!("two still run: {report:?}"),
        back = tokio::time::timeout(SOON / 2, handed_back) => back.expect("they are back soon"),
    }
    fixture.gate.add_permits(2);
    stopping.await;
    assert_eq!((count(State::Available).await, count(State::Completed).await), (18, 202));
}

/// A worker that asks for work, and tells that it lives, all the time.
async fn restless(store: &Arc<dyn Store>) -> RunningWorker {
    let options = Options {
        heartbeat: Duration::from_millis(50),
        poll: Duration::from_millis(5),
        ..Options::default()
    };
    let worker = described(store, &StoreFixture::new(), 4).options(options);
    worker.start().await.expect("the worker starts")
}

async fn quiet_soon(worker: &RunningWorker) {
    let is_quiet = async {
        while !worker.is_quiet() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, is_quiet).await.expect("it is quiet soon");
}

async fn a_quiet_worker_takes_nothing_new(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = restless(&store).await;
    let id = store.workers().await.expect("read")[0].id;
    assert!(store.quiet(id, Quiet::On, Now::Database).await.expect("asked"));
    quiet_soon(&worker).await;
    let claims = worker.stats().claims();
    let job = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    // The step that sends a heartbeat would have sent a claim before, whose wait is far shorter.
    heartbeats(&store, 3).await;
    assert_eq!(worker.stats().claims(), claims, "claims while it is quiet");
    assert!(store.quiet(id, Quiet::Off, Now::Database).await.expect("asked"));
    assert_eq!(ended(&client, job).await.state, State::Completed);
    worker.stop().await;
}

async fn the_list_says_when_a_worker_has_last_claimed(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = restless(&store).await;
    let listed = async || store.workers().await.expect("read").remove(0);
    heartbeats(&store, 3).await;
    assert_eq!(listed().await.claimed_at, None, "it has asked and got nothing");
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    ended(&client, id).await;
    // One may have been on its way while it claimed.
    heartbeats(&store, 2).await;
    let seen = listed().await;
    let claimed_at = seen.claimed_at.expect("it has claimed");
    assert!(seen.started_at <= claimed_at && claimed_at <= seen.seen_at, "{seen:?}");
    heartbeats(&store, 3).await;
    let later = listed().await;
    let ago = later.seen_at.since(later.claimed_at.expect("kept"));
    assert!(ago > Duration::from_millis(100), "three heartbeats later it is older: {ago:?}");
    worker.stop().await;
}

async fn a_worker_that_is_asked_to_stop_ends(database: TestDatabase) {
    let store = database.open().await;
    let (client, fixture) = (Client::new(Arc::clone(&store)), StoreFixture::new());
    let worker = worker(&store, &fixture, 4).await;
    let mut events = worker.events();
    let running = client.enqueue(Gate {}).await.expect("written").id();
    inside_soon(&fixture, 1).await;
    let id = store.workers().await.expect("read")[0].id;
    assert!(client.stop_worker(id).await.expect("asked"));
    event(&mut events, |event| matches!(event, Event::AskedToStop)).await;
    let late = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    let mut stopped = std::pin::pin!(worker.stop_on(std::future::pending()));
    tokio::select! {
        biased;
        report = &mut stopped => panic!("one still runs: {report:?}"),
        () = tokio::task::yield_now() => {}
    }
    fixture.gate.add_permits(1);
    tokio::time::timeout(SOON, stopped).await.expect("it stops by itself");
    let state = async |id| client.job(id).await.expect("read").expect("there").state;
    assert_eq!((state(running).await, state(late).await), (State::Completed, State::Available));
    assert!(store.workers().await.expect("read").is_empty(), "it has left");
    assert!(!client.stop_worker(id).await.expect("asked"));
}

async fn a_worker_that_quieted_itself_stays_quiet(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let worker = restless(&store).await;
    worker.quiet();
    quiet_soon(&worker).await;
    let claims = worker.stats().claims();
    let job = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    // A heartbeat finds that nobody else wished it so.
    heartbeats(&store, 3).await;
    assert!(worker.is_quiet());
    assert_eq!(worker.stats().claims(), claims, "claims while it is quiet");
    worker.resume();
    assert_eq!(ended(&client, job).await.state, State::Completed);
    worker.stop().await;
}

async fn what_is_cancelled_before_its_turn_never_begins(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let app = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
    let app = app.expect("built");
    let hour = Duration::from_secs(3_600);
    let options =
        Options { heartbeat: Duration::from_millis(50), abandon_after: hour, ..Options::default() };
    let fixture = StoreFixture::new();
    let worker = Worker::new(Arc::clone(&store), Arc::clone(&fixture)).handle::<Gate>();
    let worker = app.spawn(worker.options(options).start()).await.expect("no panic");
    let worker = worker.expect("the worker starts");
    let (go_on, blocked) = std::sync::mpsc::channel::<()>();
    app.spawn(async move { blocked.recv() });

    let mut events = worker.events();
    let id = client.enqueue(Gate {}).await.expect("written").id();
    event(&mut events, |event| matches!(event, Event::Started { .. })).await;
    client.cancel(&[id], "not wanted").await.expect("asked");
    heartbeats(&store, 2).await;
    fixture.gate.add_permits(1);
    go_on.send(()).expect("the runtime waits for it");

    let job = ended(&client, id).await;
    assert_eq!((job.state, job.reason.as_deref()), (State::Cancelled, Some("not wanted")));
    assert_eq!(fixture.most_inside.load(std::sync::atomic::Ordering::SeqCst), 0, "it never began");
    worker.stop().await;
    app.shutdown_background();
}

async fn a_paused_queue_starts_nothing(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    store.pause(&Pause::queue("default").note("test"), Now::Database).await.expect("paused");
    let id = client.enqueue(Okay { number: 1 }).await.expect("written").id();
    let worker = worker(&store, &StoreFixture::new(), 4).await;
    let mut events = worker.events();
    event(&mut events, |event| matches!(event, Event::Idle)).await;
    assert_eq!(worker.stats().started(), 0);
    assert!(store.resume(&Scope::Queue("default".into()), Now::Database).await.expect("resumed"));
    assert_eq!(ended(&client, id).await.state, State::Completed);
    worker.stop().await;
}

async fn a_scheduled_job_starts_on_time(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    // The sweep that would find it without being told to is too late for this test.
    let options = Options { sweep: Duration::from_secs(3_600), ..Options::default() };
    let worker = described(&store, &StoreFixture::new(), 4).options(options);
    let worker = worker.start().await.expect("the worker starts");
    event(&mut worker.events(), |event| matches!(event, Event::Idle)).await;
    let delay = Duration::from_secs(1);
    let id = client.enqueue(Okay { number: 1 }.job().delay(delay)).await.expect("written").id();
    let job = ended(&client, id).await;
    assert_eq!(job.state, State::Completed);
    assert!(job.started_at >= Some(job.run_at), "{:?} before {}", job.started_at, job.run_at);
    worker.stop().await;
}

async fn a_rolling_restart_runs_each_job_once(database: TestDatabase) {
    let store = database.open().await;
    let client = Client::new(Arc::clone(&store));
    let mut worker = worker(&store, &StoreFixture::new(), 8).await;
    for _ in 0..5 {
        client.enqueue_all((0..200).map(|n| Okay { number: n }.job())).await.expect("written");
        let mut events = worker.events();
        event(&mut events, |event| matches!(event, Event::Settled { .. })).await;
        let next = self::worker(&store, &StoreFixture::new(), 8).await;
        std::mem::replace(&mut worker, next).stop().await;
    }
    let done = async {
        while store.counts().await.expect("counted").of(State::Completed) < 1_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, done).await.expect("all complete");
    let filter = "state:completed".parse().expect("a filter");
    let page = windlass::job::Page { before: None, limit: 1_001 };
    let jobs = store.jobs(&filter, page).await.expect("listed");
    assert_eq!(jobs.len(), 1_000);
    assert!(jobs.iter().all(|job| job.failures == 0 && job.losses == 0));
    worker.stop().await;
}
