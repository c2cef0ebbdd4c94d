//! JSON documents: versioned, additive, with the names of the HTTP API. Internal types are not
//! printed; what is printed is promised here.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use windlass::job::{Counts, Duplicate, DuplicateAnswer, Duplicates, HandlerKey};
use windlass::limit::LimitRecord;
use windlass::queue::{PausedKind, QueueRecord, Unserved, WhenFull};
use windlass::schedule::{Declaration, Definition, Owner, ScheduleRecord};
use windlass::worker::{MinimumBuild, RequiredBuild, WorkerRecord};
use windlass::{JobId, State, Timestamp, WorkerId};

pub(crate) use windlass_http::Document;
pub(crate) use windlass_http::job::{JobBody, document as job};

use crate::queue_rules::QueueRules;

/// `schedule.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct ScheduleBody<'a> {
    name: &'a str,
    #[serde(flatten)]
    definition: &'a Definition,
    owner: Owner,
    changed_by: &'a str,
    changed_at: Timestamp,
    declared: Option<DeclarationBody<'a>>,
    differs_from_declaration: bool,
    replaced: Option<DeclarationBody<'a>>,
    contested_at: Option<Timestamp>,
    paused_at: Option<Timestamp>,
    note: Option<&'a str>,
    removed_at: Option<Timestamp>,
    error: Option<&'a str>,
    next_at: Option<Timestamp>,
    queued_due_at: Option<Timestamp>,
    last_due_at: Option<Timestamp>,
    last_job: Option<JobId>,
    last_job_has_ended: Option<bool>,
    fired: u64,
    skipped: u64,
    missed_due_times: u64,
}

/// What was declared, inside `schedule.v1`.
#[derive(Debug, Serialize)]
struct DeclarationBody<'a> {
    owner: Owner,
    by: &'a str,
    at: Timestamp,
    /// The definition as JSON; a text that cannot be read as such is left out.
    definition: Option<Value>,
}

/// A schedule as `schedule.v1`.
pub(crate) fn schedule(record: &ScheduleRecord) -> Document<ScheduleBody<'_>> {
    Document::new(
        "schedule.v1",
        ScheduleBody {
            name: &record.name,
            definition: &record.definition,
            owner: record.owner,
            changed_by: &record.changed_by,
            changed_at: record.changed_at,
            declared: record.declared.as_ref().map(declaration),
            differs_from_declaration: record.differs_from_declaration(),
            replaced: record.replaced.as_ref().map(declaration),
            contested_at: record.contested_at,
            paused_at: record.paused_at,
            note: record.note.as_deref(),
            removed_at: record.removed_at,
            error: record.error.as_deref(),
            next_at: record.next_at(),
            queued_due_at: record.queued_due_at,
            last_due_at: record.last_due_at,
            last_job: record.last_job,
            last_job_has_ended: record.last_job.map(|_| !record.is_unfinished),
            fired: record.fired,
            skipped: record.skipped,
            missed_due_times: record.missed,
        },
    )
}

fn declaration(one: &Declaration) -> DeclarationBody<'_> {
    let definition = serde_json::from_str(&one.text).ok();
    DeclarationBody { owner: one.owner, by: &one.by, at: one.at, definition }
}

/// `duplicates.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct DuplicatesBody<'a> {
    counts: Vec<DuplicateCount<'a>>,
    newest: &'a [Duplicate],
}

/// A number inside `duplicates.v1`.
#[derive(Debug, Serialize)]
struct DuplicateCount<'a> {
    kind: &'a str,
    answer: DuplicateAnswer,
    jobs: u64,
}

/// Jobs that were not written, as `duplicates.v1`.
pub(crate) fn duplicates(found: &Duplicates) -> Document<DuplicatesBody<'_>> {
    let counts = found.counts.iter();
    let counts = counts.map(|((kind, answer), jobs)| DuplicateCount {
        kind: kind.as_str(),
        answer: *answer,
        jobs: *jobs,
    });
    let (counts, newest) = (counts.collect(), found.newest.as_slice());
    Document::new("duplicates.v1", DuplicatesBody { counts, newest })
}

/// `worker.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct WorkerBody<'a> {
    id: WorkerId,
    label: &'a str,
    host: &'a str,
    pid: u32,
    build: &'a str,
    started_at: Timestamp,
    seen_at: Timestamp,
    expires_at: Timestamp,
    queues: &'a [String],
    handlers: &'a [HandlerKey],
    slots: u32,
    running: u64,
    quiet: bool,
    held_back: Option<HeldBackBody<'a>>,
}

/// The minimum build that a worker is below.
#[derive(Debug, Serialize)]
struct HeldBackBody<'a> {
    minimum: &'a MinimumBuild,
    note: Option<&'a str>,
}

/// `required_build.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct RequiredBuildBody<'a> {
    program: &'a str,
    minimum: &'a str,
    note: Option<&'a str>,
    set_at: Timestamp,
    below: Vec<&'a str>,
}

/// A minimum build as `required_build.v1`, with the workers that it holds back.
pub(crate) fn required_build<'a>(
    required: &'a RequiredBuild,
    workers: &'a [WorkerRecord],
) -> Document<RequiredBuildBody<'a>> {
    let RequiredBuild { minimum, set_at } = required;
    let below = workers.iter().filter(|worker| minimum.holds_back(&worker.build));
    Document::new(
        "required_build.v1",
        RequiredBuildBody {
            program: &minimum.program,
            minimum: minimum.version.as_str(),
            note: minimum.note.as_deref(),
            set_at: *set_at,
            below: below.map(|worker| worker.label.as_str()).collect(),
        },
    )
}

/// A worker as `worker.v1`.
pub(crate) fn worker(worker: &WorkerRecord) -> Document<WorkerBody<'_>> {
    Document::new(
        "worker.v1",
        WorkerBody {
            id: worker.id,
            label: &worker.label,
            host: &worker.host,
            pid: worker.pid,
            build: &worker.build,
            started_at: worker.started_at,
            seen_at: worker.seen_at,
            expires_at: worker.expires_at,
            queues: &worker.queues,
            handlers: &worker.handlers,
            slots: worker.slots,
            running: worker.running,
            quiet: worker.quiet,
            held_back: worker
                .held_back
                .as_ref()
                .map(|minimum| HeldBackBody { minimum, note: minimum.note.as_deref() }),
        },
    )
}

/// A queue inside other documents.
#[derive(Debug, Serialize)]
pub(crate) struct QueueBody<'a> {
    name: &'a str,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    note: Option<&'a str>,
    workers: u32,
    oldest_due_at: Option<Timestamp>,
    jobs: BTreeMap<State, u64>,
    exact: bool,
    max_jobs: Option<u64>,
    when_full: Option<WhenFull>,
    age_every_ms: Option<u64>,
}

/// A queue with the numbers of its jobs, its bound and its aging, as `queue.v1`.
pub(crate) fn queue<'a>(
    queue: &'a QueueRecord,
    counts: &Counts,
    rules: &QueueRules,
) -> Document<QueueBody<'a>> {
    let (bound, aging) = (rules.bound(&queue.name), rules.aging(&queue.name));
    let found = counts.by_queue.get(&queue.name);
    let number = |state| found.and_then(|by_state| by_state.get(&state)).copied().unwrap_or(0);
    Document::new(
        "queue.v1",
        QueueBody {
            name: &queue.name,
            paused_at: queue.paused_at,
            paused_until: queue.paused_until,
            note: queue.note.as_deref(),
            workers: queue.workers,
            oldest_due_at: queue.oldest_due_at,
            jobs: State::ALL.into_iter().map(|state| (state, number(state))).collect(),
            exact: counts.exact,
            max_jobs: bound.map(|bound| bound.jobs),
            when_full: bound.map(|bound| bound.when_full),
            age_every_ms: aging
                .map(|aging| u64::try_from(aging.every.as_millis()).unwrap_or(u64::MAX)),
        },
    )
}

/// `kind.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct KindBody<'a> {
    kind: &'a str,
    workers: u32,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    note: Option<&'a str>,
}

/// A kind with its pause, as `kind.v1`.
pub(crate) fn kind<'a>(
    kind: &'a str,
    workers: u32,
    paused: Option<&'a PausedKind>,
) -> Document<KindBody<'a>> {
    let paused_at = paused.map(|paused| paused.paused_at);
    let paused_until = paused.and_then(|paused| paused.paused_until);
    let note = paused.and_then(|paused| paused.note.as_deref());
    Document::new("kind.v1", KindBody { kind, workers, paused_at, paused_until, note })
}

/// A limit as `limit.v1`.
pub(crate) fn limit(record: &LimitRecord) -> Document<&LimitRecord> {
    Document::new("limit.v1", record)
}

/// Jobs that nobody serves, inside other documents.
#[derive(Debug, Serialize)]
pub(crate) struct UnservedBody<'a> {
    queue: &'a str,
    kind: &'a str,
    version: u16,
    jobs: u64,
    oldest_due_at: Timestamp,
    queue_served: bool,
}

/// Jobs that nobody serves.
pub(crate) fn unserved(group: &Unserved) -> UnservedBody<'_> {
    UnservedBody {
        queue: &group.queue,
        kind: &group.kind,
        version: group.version,
        jobs: group.jobs,
        oldest_due_at: group.oldest_due_at,
        queue_served: group.queue_served,
    }
}
