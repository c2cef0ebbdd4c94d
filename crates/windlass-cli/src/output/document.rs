//! JSON documents: versioned, additive, with the names of the HTTP API. Internal types are not
//! printed; what is printed is promised here.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use windlass::job::{Counts, Duplicate, DuplicateAnswer, Duplicates, HandlerKey};
use windlass::limit::LimitRecord;
use windlass::queue::{PausedKind, QueueRecord, Unserved, WhenFull};
use windlass::schedule::{Declaration, Definition, Occurrence, Owner, ScheduleRecord};
use windlass::worker::{MinimumBuild, RequiredBuild, WorkerRecord};
use windlass::{
    Attempt, BatchId, Fair, JobId, JobRecord, Json, Lane, Limited, Outcome, State, Subject,
    Timestamp, Unique, WorkerId,
};

use crate::queue_rules::QueueRules;

/// Any document: its schema first.
#[derive(Debug, Serialize)]
pub(crate) struct Document<T> {
    schema: &'static str,
    #[serde(flatten)]
    body: T,
}

impl<T: Serialize> Document<T> {
    /// A document of this schema, such as `job.v1`.
    pub(crate) const fn new(schema: &'static str, body: T) -> Self {
        Self { schema, body }
    }
}

/// `job.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct JobBody<'a> {
    id: JobId,
    kind: &'a str,
    version: u16,
    queue: &'a str,
    declared_queue: Option<&'a str>,
    state: State,
    priority: i16,
    /// The one it was written with, where it has waited long enough for another.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_priority: Option<i16>,
    attempt: u32,
    failures: u32,
    losses: u16,
    max_attempts: Option<u16>,
    max_losses: Option<u16>,
    timeout_ms: Option<u64>,
    unique: Option<&'a Unique>,
    schedule: Option<&'a Occurrence>,
    lane: Option<&'a Lane>,
    fair: Option<&'a Fair>,
    limited: Option<&'a Limited>,
    cost: Option<u16>,
    batch: Option<BatchId>,
    step: Option<&'a str>,
    expires_at: Option<Timestamp>,
    tags: &'a [String],
    subjects: Vec<SubjectBody<'a>>,
    created_at: Timestamp,
    run_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    worker: Option<&'a str>,
    args: &'a Json,
    output: Option<&'a Json>,
    reason: Option<&'a str>,
    cancel_requested: bool,
    attempts: Vec<AttemptBody<'a>>,
    root: JobId,
    parent: Option<JobId>,
    origin: Option<&'a str>,
    traceparent: Option<&'a str>,
}

/// An attempt inside `job.v1`.
#[derive(Debug, Serialize)]
struct AttemptBody<'a> {
    attempt: u32,
    outcome: Outcome,
    worker: &'a str,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    error: Option<&'a str>,
}

/// A job as `job.v1`.
pub(crate) fn job(job: &JobRecord) -> Document<JobBody<'_>> {
    let member = job.meta.member.as_ref();
    Document::new(
        "job.v1",
        JobBody {
            id: job.id,
            kind: &job.kind,
            version: job.version,
            queue: &job.queue,
            declared_queue: job.meta.declared_queue.as_deref(),
            state: job.state,
            priority: job.priority,
            own_priority: job.meta.aged,
            attempt: job.attempt,
            failures: job.failures,
            losses: job.losses,
            max_attempts: job.max_attempts,
            max_losses: job.meta.max_losses,
            timeout_ms: job.meta.timeout_ms,
            unique: job.meta.unique.as_ref(),
            schedule: job.meta.schedule.as_ref(),
            lane: job.meta.lane.as_ref(),
            fair: job.meta.fair.as_ref(),
            limited: job.meta.limited.as_ref(),
            cost: job.meta.cost,
            batch: member.map(|member| member.batch),
            step: member.and_then(|member| member.step.as_deref()),
            expires_at: job.meta.expires_at(job.created_at),
            tags: &job.meta.tags,
            subjects: job.meta.subjects.iter().map(subject).collect(),
            created_at: job.created_at,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            worker: job.worker.as_deref(),
            args: &job.args,
            output: job.output.as_ref(),
            reason: job.reason.as_deref(),
            cancel_requested: job.cancel_requested,
            attempts: job.history.iter().map(attempt).collect(),
            root: job.root.unwrap_or(job.id),
            parent: job.parent,
            origin: job.origin.as_deref(),
            traceparent: job.meta.traceparent.as_deref(),
        },
    )
}

/// A subject inside `job.v1`.
#[derive(Debug, Serialize)]
pub(crate) struct SubjectBody<'a> {
    r#type: &'a str,
    id: &'a str,
}

pub(crate) fn subject(subject: &Subject) -> SubjectBody<'_> {
    SubjectBody { r#type: subject.kind(), id: subject.id() }
}

fn attempt(attempt: &Attempt) -> AttemptBody<'_> {
    AttemptBody {
        attempt: attempt.attempt,
        outcome: attempt.outcome,
        worker: &attempt.worker,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        error: attempt.error.as_deref(),
    }
}

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
