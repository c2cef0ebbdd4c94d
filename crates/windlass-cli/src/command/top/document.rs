//! A picture as JSON: `top.v1`.

use std::collections::BTreeMap;

use serde::Serialize;
use windlass::health::Problem;
use windlass::job::Filter;
use windlass::{JobId, State, Timestamp};
use windlass_http::health::CheckStatus;

use super::picture::{Picture, QueueRow, RunningRow, Trouble};
use crate::output::document::{Document, worker};

/// How things are.
#[derive(Debug, Serialize)]
pub(super) struct TopBody<'a, W> {
    /// The address of the database, without its password.
    store: &'a str,
    /// Product and version of the database.
    server: &'a str,
    /// The moment of this, by the database's clock.
    at: Timestamp,
    /// What queues, running jobs and workers are narrowed by; null where by nothing.
    filter: Option<String>,
    /// Whether all jobs were counted; false where there may be more that wait.
    exact: bool,
    /// The numbers of jobs by state.
    jobs: &'a BTreeMap<State, u64>,
    /// Jobs that all live workers can run at once.
    slots: u64,
    /// Jobs that end in a second; null where there was one look.
    rate_per_second: Option<f64>,
    /// Since when the oldest available job is due.
    oldest_due_at: Option<Timestamp>,
    /// What is not as it should be, what weighs most first.
    problems: Vec<TroubleBody<'a>>,
    queues: Vec<QueueBody<'a>>,
    /// The jobs that run longest first.
    running: Vec<RunningBody<'a>>,
    /// Whether there are more than were looked at.
    running_or_more: bool,
    /// Each as `worker.v1`.
    workers: Vec<W>,
}

/// What is not as it should be.
#[derive(Debug, Serialize)]
struct TroubleBody<'a> {
    weight: CheckStatus,
    /// What it is about.
    aspect: &'a str,
    text: &'a str,
    /// What to do.
    fix: &'a str,
    /// What was found, for programs; null where that is the lack of a leader.
    about: Option<&'a Problem>,
}

/// A queue.
#[derive(Debug, Serialize)]
struct QueueBody<'a> {
    name: &'a str,
    running: u64,
    /// So many may run at once; null where that is not limited.
    limit: Option<u32>,
    available: u64,
    /// Whether there may be more.
    available_or_more: bool,
    dead: u64,
    /// Live workers that serve it.
    workers: u32,
    rate_per_second: Option<f64>,
    oldest_due_at: Option<Timestamp>,
    /// How long 99 of 100 jobs that started lately had waited at most; null where too few have.
    p99_wait_ms: Option<u64>,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    note: Option<&'a str>,
    /// Whether one of the problems is about it.
    in_trouble: bool,
}

/// A job that runs.
#[derive(Debug, Serialize)]
struct RunningBody<'a> {
    job: JobId,
    kind: &'a str,
    queue: &'a str,
    worker: &'a str,
    since: Timestamp,
    expected_ms: Option<u64>,
    /// Whether it runs for too long.
    over: bool,
}

/// A picture as `top.v1`.
pub(super) fn document<'a>(
    store: &'a str,
    filter: &Filter,
    picture: &'a Picture,
) -> Document<TopBody<'a, impl Serialize + 'a>> {
    let body = TopBody {
        store,
        server: &picture.server,
        at: picture.at,
        filter: (!filter.terms.is_empty()).then(|| filter.to_string()),
        exact: picture.exact,
        jobs: &picture.jobs,
        slots: picture.slots,
        rate_per_second: picture.rate,
        oldest_due_at: picture.oldest,
        problems: picture.problems.iter().map(trouble).collect(),
        queues: picture.queues.iter().map(queue).collect(),
        running: picture.running.iter().map(running).collect(),
        running_or_more: picture.running_or_more,
        workers: picture.workers.iter().map(worker).collect::<Vec<_>>(),
    };
    Document::new("top.v1", body)
}

fn trouble(trouble: &Trouble) -> TroubleBody<'_> {
    TroubleBody {
        weight: trouble.weight,
        aspect: &trouble.aspect,
        text: &trouble.text,
        fix: &trouble.fix,
        about: trouble.problem.as_ref(),
    }
}

fn queue(queue: &QueueRow) -> QueueBody<'_> {
    QueueBody {
        name: &queue.record.name,
        running: queue.running,
        limit: queue.limit,
        available: queue.available,
        available_or_more: queue.available_or_more,
        dead: queue.dead,
        workers: queue.record.workers,
        rate_per_second: queue.rate,
        oldest_due_at: queue.record.oldest_due_at,
        p99_wait_ms: queue.p99_wait.map(millis),
        paused_at: queue.record.paused_at,
        paused_until: queue.record.paused_until,
        note: queue.record.note.as_deref(),
        in_trouble: queue.in_trouble,
    }
}

fn running(row: &RunningRow) -> RunningBody<'_> {
    RunningBody {
        job: row.job,
        kind: &row.kind,
        queue: &row.queue,
        worker: &row.worker,
        since: row.since,
        expected_ms: row.expected.map(millis),
        over: row.over,
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
