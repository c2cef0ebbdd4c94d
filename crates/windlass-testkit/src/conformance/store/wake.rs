//! Wake-ups: the workers that sleep on a queue that got work, and no others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use windlass_core::condition::{Ends, Waits};
use windlass_core::id::JobId;
use windlass_core::job::{Enqueued, Unique};
use windlass_core::store::Store;
use windlass_core::time::Timestamp;
use windlass_core::wake::WakeHandle;
use windlass_core::worker::{MinimumBuild, Quiet};

use crate::draft::job;
use crate::fixture::{MINUTE, SECOND, StoreFixture};
use crate::worker::{Worker, worker};

/// Nothing waited for here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

/// C29, I-W2: jobs of another process wake the workers of their queue, and not those of others.
pub async fn a_wake_up_goes_to_its_queue_alone(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let [a, b, c] = sleepers(&fixture, ["a", "b", "c"]).await;
    for (queue, wake_handle) in [("b", &b), ("c", &c)] {
        let jobs = [job().queue(queue).done()];
        process.enqueue(&jobs, fixture.now()).await.expect("it reaches the store");
        // Wake-ups keep their order: what the first enqueue rang has rung when the second one is
        // heard.
        tokio::time::timeout(SOON, wake_handle.work())
            .await
            .expect("a worker of the queue is woken");
    }
    assert!(a.work().now_or_never().is_none(), "nothing has come on this queue");
}

/// C29, I-W2: a job that was due before it came is due now, and wakes whom one without a moment wakes; one
/// due later wakes nobody.
pub async fn a_job_that_was_due_before_it_came_wakes_its_queue(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let [a, b] = sleepers(&fixture, ["a", "b"]).await;
    let late = Timestamp::from_micros(fixture.moment().as_micros() - 1);
    let jobs = [
        job().queue("a").due_in(MINUTE).done(),
        job().queue("a").due_at(fixture.moment().after(MINUTE)).done(),
        job().queue("b").due_at(late).done(),
    ];
    process.enqueue(&jobs, fixture.now()).await.expect("they reach the store");
    tokio::time::timeout(SOON, b.work()).await.expect("a worker of the queue is woken");
    assert!(a.work().now_or_never().is_none(), "nothing is due on this queue");
}

/// C24, C29: a job that was kept, and that claims passed over meanwhile, is looked for again: its queue is woken.
pub async fn a_kept_job_wakes_its_queue(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let unique = || job().kind("other").queue("b").unique(Unique::by("a")).done();
    process.enqueue(&[unique()], fixture.now()).await.expect("it reaches the store");
    let [a, b] = sleepers(&fixture, ["a", "b"]).await;
    let answers = process.enqueue(&[unique()], fixture.now()).await.expect("it reaches the store");
    assert!(matches!(answers[0], Enqueued::Kept(_)), "{answers:?}");
    tokio::time::timeout(SOON, b.work()).await.expect("a worker of the queue is woken");
    assert!(a.work().now_or_never().is_none(), "nothing has come on this queue");
}

/// X18: a cancel request of another process wakes the one of fifty workers that runs the job, and no
/// other, though no sweep tells it.
pub async fn a_cancel_request_wakes_the_worker_that_runs_the_job_alone(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let workers = crowd(&fixture, 50).await;
    let id = fixture.enqueue_one(job()).await;
    assert_eq!(workers[30].0.claim(1).await.jobs.len(), 1);
    cancel(&*process, &fixture, id).await;
    heard(&workers[30].1).await;
    let others = workers.iter().enumerate().filter(|(nth, _)| *nth != 30);
    let woken = others.filter(|(_, (_, handle))| handle.news().now_or_never().is_some());
    assert_eq!(woken.count(), 0, "nobody else has news");
}

/// X18: so does one of its own process, and only the worker that runs the job hears it.
pub async fn a_worker_hears_a_cancel_request_of_its_own_process(fixture: StoreFixture) {
    let workers = crowd(&fixture, 3).await;
    let ids = fixture.enqueue([job(), job()]).await;
    for (nth, id) in ids.iter().enumerate() {
        assert_eq!(workers[nth].0.claim(1).await.jobs[0].id, *id);
    }
    for (nth, id) in ids.iter().enumerate() {
        cancel(fixture.store(), &fixture, *id).await;
        heard(&workers[nth].1).await;
    }
}

/// T20: a wish of another process for quiet, and its end, wake the worker they are put to.
pub async fn a_worker_hears_a_wish_for_quiet(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let workers = crowd(&fixture, 3).await;
    let (worker, handle) = &workers[1];
    for wish in [Quiet::On, Quiet::Off] {
        let found = process.quiet(worker.id(), wish, fixture.now()).await;
        assert!(found.expect("it reaches the store"));
        heard(handle).await;
        worker.beat().await;
    }
}

/// T55: a wish of another process to stop wakes the worker it is put to.
pub async fn a_worker_hears_a_wish_to_stop(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let workers = crowd(&fixture, 3).await;
    let (worker, handle) = &workers[1];
    let found = process.stop_worker(worker.id(), fixture.now()).await;
    assert!(found.expect("it reaches the store"));
    heard(handle).await;
}

/// T46: a minimum build that another process sets, and its end, wake the workers of that program, and no others.
pub async fn a_minimum_build_wakes_the_workers_of_its_program_alone(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let wakeups = fixture.store().wakeups();
    let mut workers = Vec::new();
    for build in ["shop 2.13", "mailer 1.0", "shopping 1.0", "shop dev"] {
        workers.push(fixture.start(worker().built(build)).await);
    }
    let handles: Vec<_> =
        workers.iter().map(|worker| wakeups.add(worker.id(), vec!["default".to_owned()])).collect();
    let minimum = MinimumBuild::new("shop 2.14").expect("a minimum");
    for is_set in [true, false] {
        if is_set {
            process.require_build(&minimum, fixture.now()).await.expect("it reaches the store");
        } else {
            assert!(process.allow_builds("shop").await.expect("it reaches the store"));
        }
        for told in [0, 3] {
            heard(&handles[told]).await;
            workers[told].beat().await;
        }
    }
    for other in [1, 2] {
        assert!(handles[other].news().now_or_never().is_none(), "another program: {other}");
    }
}

/// X18: nobody runs it, so nobody need be told.
pub async fn a_cancelled_job_that_waits_wakes_nobody(fixture: StoreFixture) {
    let process = fixture.another_store().await;
    let workers = crowd(&fixture, 3).await;
    let [waits, runs] = fixture.enqueue([job().queue("elsewhere"), job()]).await[..] else {
        panic!("two jobs")
    };
    assert_eq!(workers[0].0.claim(1).await.jobs[0].id, runs);
    cancel(&*process, &fixture, waits).await;
    // Wake-ups keep their order: when this one is heard, those before it were.
    cancel(&*process, &fixture, runs).await;
    heard(&workers[0].1).await;
    for (_, handle) in &workers[1..] {
        assert!(handle.news().now_or_never().is_none(), "there is no news for it");
    }
}

/// I-W2: a job that waited for the end of one which a sweep finds expired is available by that, and wakes its queue.
pub async fn an_expiry_wakes_who_waited_for_it(fixture: StoreFixture) {
    let expiring = fixture.enqueue_one(job().queue("nowhere").expires_in(SECOND)).await;
    let waits = Waits::all().job_ended("expiring", expiring, Ends::CANCELLED);
    fixture.enqueue_one(job().queue("b").waits(waits)).await;
    let [handle] = sleepers(&fixture, ["b"]).await;
    let swept = fixture.promote().await;
    assert_eq!((swept.expired, swept.promoted, swept.conditions), (1, 0, 0));
    tokio::time::timeout(SOON, handle.work()).await.expect("a worker of the queue is woken");
}

/// I-W2: a store says that hints arrive, as soon as somebody could be woken.
pub async fn a_store_hears_once_a_worker_has_registered(fixture: StoreFixture) {
    fixture.worker().await;
    assert!(fixture.store().wakeups().hears());
}

/// Registered workers with what wakes them, all of them silent so far.
async fn crowd(fixture: &StoreFixture, number: usize) -> Vec<(Worker<'_>, Arc<WakeHandle>)> {
    let mut workers = Vec::new();
    for _ in 0..number {
        workers.push(fixture.worker().await);
    }
    // What a connection that was just made rings is over once a second worker has registered.
    let wakeups = fixture.store().wakeups();
    let handles: Vec<_> =
        workers.iter().map(|worker| wakeups.add(worker.id(), vec!["default".to_owned()])).collect();
    workers.into_iter().zip(handles).collect()
}

async fn cancel(store: &dyn Store, fixture: &StoreFixture, id: JobId) {
    let answers = store.cancel(&[id], "not wanted", fixture.now()).await;
    answers.expect("a cancel reaches the store");
}

async fn heard(handle: &WakeHandle) {
    tokio::time::timeout(SOON, handle.news()).await.expect("the worker is told that there is news");
}

/// A sleeping worker on each of the queues.
async fn sleepers<const N: usize>(
    fixture: &StoreFixture,
    queues: [&str; N],
) -> [Arc<WakeHandle>; N] {
    let mut workers = Vec::new();
    for queue in queues {
        workers.push(fixture.start(worker().serving(&[queue])).await);
    }
    // What a connection that was just made rings is over once a second worker has registered, so
    // wake_handles come last.
    let mut wake_handles = Vec::new();
    for (worker, queue) in workers.iter().zip(queues) {
        assert!(worker.claim(1).await.jobs.is_empty(), "it falls asleep");
        wake_handles.push(fixture.store().wakeups().add(worker.id(), vec![queue.to_owned()]));
    }
    wake_handles.try_into().expect("one for each queue")
}
