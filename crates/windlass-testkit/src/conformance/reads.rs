//! Reads: what people and tools are told agrees with what is.

use std::collections::BTreeMap;

use windlass_core::id::JobId;
use windlass_core::limits::LEASE;
use windlass_core::state::State;
use windlass_core::store::{Page, QueueRecord, Unserved};

use crate::bench::{Bench, MINUTE, SECOND};
use crate::draft::{job, jobs};
use crate::verdicts::{complete, die, retry};
use crate::worker::worker;

/// One job in each of the eight states, on queues `q.waiting`, `q.scheduled` and so on.
async fn one_job_in_each_state(bench: &Bench) -> BTreeMap<State, JobId> {
    let mut ids = BTreeMap::new();
    let draft = |state: State| job().queue(&format!("q.{state}")).kind(&format!("k.{state}"));
    for state in [State::Retryable, State::Running, State::Completed, State::Dead] {
        ids.insert(state, bench.enqueue_one(draft(state)).await);
        let kind = format!("k.{state}");
        let one = worker().serving(&[&format!("q.{state}")]).knowing(&[(&kind, 1)]);
        let one = bench.start(one).await;
        match state {
            State::Retryable => one.run_one(retry(MINUTE)).await,
            State::Completed => one.run_one(complete()).await,
            State::Dead => one.run_one(die()).await,
            _ => drop(one.claim(1).await),
        }
    }
    ids.insert(State::Waiting, bench.enqueue_one(draft(State::Waiting)).await);
    bench.tidy().await;
    ids.insert(State::Available, bench.enqueue_one(draft(State::Available)).await);
    ids.insert(State::Scheduled, bench.enqueue_one(draft(State::Scheduled).due_in(MINUTE)).await);
    ids.insert(State::Cancelled, bench.enqueue_one(draft(State::Cancelled)).await);
    bench.cancel(ids[&State::Cancelled]).await;
    ids
}

/// O30, S1: one call counts the jobs of each state and queue; every job is in one state.
pub async fn counts_agree_in_every_state(bench: Bench) {
    let ids = one_job_in_each_state(&bench).await;
    let each = "waiting 1, scheduled 1, available 1, retryable 1, running 1, completed 1, \
                cancelled 1, dead 1";
    bench.check(each).await;
    let counts = bench.store().counts().await.expect("jobs can be counted");
    for (state, id) in ids {
        assert_eq!(counts.by_queue[&format!("q.{state}")], BTreeMap::from([(state, 1)]));
        assert_eq!(bench.job(id).await.state, state);
    }
}

/// S1: counts follow a job through its life, back from the end too.
pub async fn counts_follow_a_job(bench: Bench) {
    bench.check("nothing").await;
    let id = bench.enqueue_one(job()).await;
    let worker = bench.worker().await;
    for _ in 0..2 {
        bench.check("available 1").await;
        worker.run_one(die()).await;
        bench.check("dead 1").await;
        bench.retry(id).await;
    }
    worker.run_one(complete()).await;
    bench.check("completed 1").await;
}

/// T9, T22: jobs are found by state, queue and kind, with commas, stars and negation.
pub async fn jobs_are_found_by_state_queue_and_kind(bench: Bench) {
    let ids = one_job_in_each_state(&bench).await;
    let filters: [(&str, &[State]); 10] = [
        ("state:dead", &[State::Dead]),
        ("state:running,waiting", &[State::Waiting, State::Running]),
        ("queue:q.scheduled", &[State::Scheduled]),
        ("kind:k.available,k.retryable", &[State::Available, State::Retryable]),
        ("kind:k.c*", &[State::Completed, State::Cancelled]),
        ("queue:*able -kind:k.a*", &[State::Retryable]),
        ("queue:q.*d -state:cancelled,completed", &[State::Scheduled, State::Dead]),
        ("kind:K.dead", &[]),
        ("queue:q.?ead", &[]),
        (
            "-state:waiting,scheduled,available,retryable,completed -queue:q.dead",
            &[State::Running, State::Cancelled],
        ),
    ];
    for (filter, expected) in filters {
        let mut expected: Vec<JobId> = expected.iter().map(|state| ids[state]).collect();
        expected.sort_by(|a, b| b.cmp(a));
        assert_eq!(bench.find(filter).await, expected, "{filter}");
    }
    assert_eq!(bench.find("").await.len(), 8);
}

/// T22, S-30: signs that mean something to a database mean nothing in a filter.
pub async fn a_filters_text_is_only_text(bench: Bench) {
    let plain = bench.enqueue_one(job().queue("a_b").kind("a-b")).await;
    bench.enqueue_one(job().queue("axb").kind("ab")).await;
    for (filter, expected) in [
        ("queue:a_b", vec![plain]),
        ("queue:a_*", vec![plain]),
        ("queue:a%b", vec![]),
        ("queue:a%*", vec![]),
        ("queue:a[x]*", vec![]),
        ("kind:a-*", vec![plain]),
        ("kind:'", vec![]),
        ("kind:\\*", vec![]),
        ("kind:a?*", vec![]),
    ] {
        assert_eq!(bench.find(filter).await, expected, "{filter}");
    }
}

/// T22: pages are newest first and neither repeat nor skip a job, wherever it is stored.
pub async fn pages_neither_repeat_nor_skip_a_job(bench: Bench) {
    let mut enqueued = bench.enqueue(jobs(25)).await;
    let worker = bench.worker().await;
    let batch = worker.claim(12).await;
    for nth in (0..12).step_by(2) {
        worker.settle(&batch, nth, complete()).await;
    }
    let filter = "kind:work".parse().expect("a filter");
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: 4 };
        let jobs = bench.store().jobs(&filter, page).await.expect("jobs can be listed");
        let Some(last) = jobs.last() else { break };
        assert!(jobs.len() <= 4, "a page has its limit");
        before = Some(last.id);
        listed.extend(jobs.into_iter().map(|job| job.id));
    }
    enqueued.reverse();
    assert_eq!(listed, enqueued);
}

/// A job that was never enqueued is not there.
pub async fn a_job_that_does_not_exist_is_not_found(bench: Bench) {
    let found = bench.store().job(JobId::new()).await.expect("it can be asked for");
    assert!(found.is_none());
}

/// C27, O24: jobs that are due and that nobody could run are listed by queue, kind and version,
/// parked or not, and say whether the queue at least is served.
pub async fn jobs_that_nobody_could_run_are_listed(bench: Bench) {
    let worker = bench.worker().await;
    bench.enqueue(jobs(10).map(|job| job.kind("ghost"))).await;
    let expected = [("default", "ghost", 1, 10, true)];
    assert_eq!(unserved(&bench).await, expected);
    bench.tidy().await;
    assert_eq!(unserved(&bench).await, expected);
    bench.advance(MINUTE);
    worker.beat().await;
    bench.enqueue([job().queue("reports").version(2), job(), job()]).await;
    let nobody = ("reports", "work", 2, 1, false);
    assert_eq!(unserved(&bench).await, [expected[0], nobody]);
    let oldest = groups(&bench).await[0].oldest_due_at;
    assert_eq!(bench.moment().since(oldest), MINUTE);
}

/// O24: knowing the kind is not enough, the queue must be served by the same worker.
pub async fn a_worker_must_serve_the_queue_and_know_the_kind(bench: Bench) {
    let _knower = bench.start(worker().serving(&["other"])).await;
    let _server = bench.start(worker().knowing(&[("other", 1)])).await;
    bench.enqueue_one(job()).await;
    assert_eq!(unserved(&bench).await, [("default", "work", 1, 1, true)]);
    let both = bench.worker().await;
    assert_eq!(unserved(&bench).await, []);
    both.leave().await;
    assert_eq!(unserved(&bench).await.len(), 1);
}

/// O24, T12: a worker whose lease ran out serves nobody, also where nobody is left to sweep.
pub async fn a_dead_worker_serves_nobody(bench: Bench) {
    let _dead = bench.worker().await;
    bench.enqueue_one(job()).await;
    bench.advance(LEASE + SECOND);
    assert_eq!(unserved(&bench).await, [("default", "work", 1, 1, false)]);
}

/// O24: what is due later, runs or has ended waits for nobody.
pub async fn only_due_jobs_can_be_unserved(bench: Bench) {
    let worker = bench.worker().await;
    bench.enqueue(jobs(2)).await;
    worker.claim(1).await;
    worker.run_one(complete()).await;
    let ended = worker.id();
    bench.enqueue_one(job().kind("ghost").due_in(MINUTE)).await;
    assert_eq!(unserved(&bench).await, [], "while {ended} lives");
}

/// C18, O30: queues are listed with their workers, pauses and the age of their oldest due job.
pub async fn queues_are_listed_with_workers_and_ages(bench: Bench) {
    let oldest = bench.moment();
    bench.enqueue_one(job().queue("jobs")).await;
    bench.advance(MINUTE);
    bench.enqueue([job().queue("jobs"), job().queue("later").due_in(MINUTE)]).await;
    bench.store().pause("paused", Some("why"), bench.now()).await.expect("it pauses");
    let _one = bench.start(worker().serving(&["served", "jobs"])).await;
    let _two = bench.start(worker().serving(&["served"])).await;
    let queues = bench.store().queues().await.expect("queues can be listed");
    let line = |queue: &QueueRecord| (queue.workers, queue.paused_at, queue.oldest_due_at);
    let listed: BTreeMap<&str, _> =
        queues.iter().map(|queue| (queue.name.as_str(), line(queue))).collect();
    let expected = BTreeMap::from([
        ("jobs", (1, None, Some(oldest))),
        ("later", (0, None, None)),
        ("paused", (0, Some(bench.moment()), None)),
        ("served", (2, None, None)),
    ]);
    assert_eq!(listed, expected);
}

/// T12, T46, S5: workers are listed, oldest first, as they registered, with what they hold.
pub async fn workers_are_listed_as_they_registered(bench: Bench) {
    bench.enqueue(jobs(3).map(|job| job.queue("b"))).await;
    let start = bench.moment();
    let first = bench.start(worker().serving(&["a", "b"]).knowing(&[("work", 1), ("x", 7)])).await;
    bench.advance(SECOND);
    let second = bench.worker().await;
    let batch = first.claim(3).await;
    first.settle(&batch, 1, complete()).await;
    let listed = bench.store().workers().await.expect("they can be listed");
    let ids: Vec<_> = listed.iter().map(|worker| worker.id).collect();
    assert_eq!(ids, [first.id(), second.id()]);
    let seen = &listed[0];
    assert_eq!((seen.label.as_str(), seen.host.as_str()), (first.label(), "bench"));
    assert_eq!((seen.pid, seen.build.as_str(), seen.slots), (std::process::id(), "testkit", 10));
    assert_eq!((seen.started_at, seen.seen_at), (start, start));
    assert_eq!((seen.expires_at, seen.running, seen.quiet), (start.after(LEASE), 2, false));
    assert_eq!(seen.queues, ["a", "b"]);
    let handlers: Vec<&str> = seen.handlers.iter().map(|key| key.as_str()).collect();
    assert_eq!(handlers, ["work@1", "x@7"]);
}

/// C33, T38: a store says what it is, and a fresh one is up to date and durable.
pub async fn a_store_says_what_it_is(bench: Bench) {
    let facts = bench.store().facts().await.expect("it can be asked");
    assert!(facts.server.contains("SQL"), "{facts:?}");
    assert_eq!(facts.schema_version, facts.known_version);
    assert!(facts.durable, "{facts:?}");
    assert!(facts.bytes.is_none_or(|bytes| bytes > 0), "{facts:?}");
}

async fn groups(bench: &Bench) -> Vec<Unserved> {
    bench.store().unserved(bench.now()).await.expect("it can be asked")
}

/// Queue, kind, version, number of jobs, and whether the queue is served.
async fn unserved(bench: &Bench) -> Vec<(&'static str, &'static str, u16, u64, bool)> {
    let known = |name: &str| {
        let names = ["default", "reports", "ghost", "work"];
        names.into_iter().find(|known| *known == name).expect("a name of these tests")
    };
    groups(bench)
        .await
        .iter()
        .map(|group| {
            let (queue, kind) = (known(&group.queue), known(&group.kind));
            (queue, kind, group.version, group.jobs, group.queue_served)
        })
        .collect()
}
