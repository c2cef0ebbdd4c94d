//! A job as JSON: `job.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::redact::Shown;
use windlass::schedule::{Cause, Occurrence};
use windlass::{
    Attempt, BatchId, Fair, JobId, JobRecord, Json, Lane, Limited, Outcome, State, Subject,
    Timestamp, Unique,
};

use super::event::OfEvent;
use crate::answer::Document;
use crate::schema;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobBody<'a> {
    #[schema(value_type = schema::JobId)]
    id: JobId,
    /// What is to be done; handlers are found by it.
    kind: &'a str,
    /// The shape of `args`, from 1.
    version: u16,
    /// Where it waits.
    queue: &'a str,
    /// The queue its kind declares, where the caller chose another.
    declared_queue: Option<&'a str>,
    #[schema(value_type = schema::State)]
    state: State,
    /// Smaller runs first.
    priority: i16,
    /// The one it was written with, where it has waited long enough for another.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_priority: Option<i16>,
    /// The number of its last attempt; 0 before the first.
    attempt: u32,
    /// Attempts that failed.
    failures: u32,
    /// Workers that died with it.
    losses: u16,
    /// Failures after which it is dead; 0 never gives up; null leaves it to the handler.
    max_attempts: Option<u16>,
    /// Worker deaths after which it is dead; 0 sets no limit; null leaves it to the handler.
    max_losses: Option<u16>,
    /// How long its handler may run.
    timeout_ms: Option<u64>,
    #[schema(value_type = Option<schema::Unique>)]
    unique: Option<&'a Unique>,
    /// The due time of the schedule that it comes of.
    schedule: Option<OccurrenceBody<'a>>,
    #[schema(value_type = Option<schema::Lane>)]
    lane: Option<&'a Lane>,
    #[schema(value_type = Option<schema::Fair>)]
    fair: Option<&'a Fair>,
    #[schema(value_type = Option<schema::Limited>)]
    limited: Option<&'a Limited>,
    /// What it takes of rates.
    cost: Option<u16>,
    /// The batch it is in.
    #[schema(value_type = Option<schema::BatchId>)]
    batch: Option<BatchId>,
    /// Its name in its workflow.
    step: Option<&'a str>,
    /// From then on it does not start any more.
    #[schema(value_type = Option<schema::Moment>)]
    expires_at: Option<Timestamp>,
    /// Words it is found by.
    tags: &'a [String],
    /// What it is about, which it is found by too.
    subjects: Vec<SubjectBody<'a>>,
    /// When it was written.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it is due.
    #[schema(value_type = schema::Moment)]
    run_at: Timestamp,
    /// When its last attempt started.
    #[schema(value_type = Option<schema::Moment>)]
    started_at: Option<Timestamp>,
    /// When it ended for good.
    #[schema(value_type = Option<schema::Moment>)]
    finished_at: Option<Timestamp>,
    /// The worker that has it, or had it last.
    worker: Option<&'a str>,
    /// Fields that its type marks, by their paths: they are not shown, here and elsewhere.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redact: &'a [String],
    /// Whether anything in its args or its output is not shown: `"[redacted]"` stands there. Absent where all is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
    /// What the handler gets. Absent where `fields=head` is asked for.
    #[schema(value_type = serde_json::Value, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<&'a Json>,
    /// What the handler returned. Absent where `fields=head` is asked for.
    #[schema(value_type = Option<serde_json::Value>, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Option<&'a Json>>,
    /// Why it is in its state, where there is something to say.
    reason: Option<&'a str>,
    /// Whether it runs and is asked to end.
    cancel_requested: bool,
    /// Past attempts, the oldest first; the last one alone where `fields=head` is asked for.
    attempts: Vec<AttemptBody<'a>>,
    /// The job at the root of its tree.
    #[schema(value_type = schema::JobId)]
    root: JobId,
    /// The job whose handler enqueued it.
    #[schema(value_type = Option<schema::JobId>)]
    parent: Option<JobId>,
    /// Who enqueued it.
    origin: Option<&'a str>,
    /// W3C trace context of the enqueuer.
    traceparent: Option<&'a str>,
    /// The event that it comes of; absent where it comes of none, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a OfEvent>,
}

/// A past attempt of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptBody<'a> {
    /// Its number.
    attempt: u32,
    #[schema(value_type = schema::Outcome)]
    outcome: Outcome,
    /// The label of the worker that had it.
    worker: &'a str,
    /// When its handler started; null where it is not known that it did.
    #[schema(value_type = Option<schema::Moment>)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<schema::Moment>)]
    ended_at: Option<Timestamp>,
    /// What the handler or the engine said.
    error: Option<&'a str>,
}

/// Which due time of which schedule a job is for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Occurrence)]
struct OccurrenceBody<'a> {
    /// The schedule's name.
    name: &'a str,
    /// The due time; of a run by hand the moment of that.
    #[schema(value_type = schema::Moment)]
    due_at: Timestamp,
    #[schema(value_type = schema::Cause)]
    cause: Cause,
}

/// What a job is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subject)]
pub struct SubjectBody<'a> {
    /// Such as `customer`.
    r#type: &'a str,
    /// Such as `42`.
    id: &'a str,
}

/// A job as `job.v1`.
#[must_use]
pub fn document(job: &Shown<JobRecord>) -> Document<JobBody<'_>> {
    document_of(job, None)
}

/// A job without what may be large, as `job.v1`: args, output, and all attempts but the last.
pub(super) fn head(job: &Shown<JobRecord>) -> Document<JobBody<'_>> {
    let attempts = job.history.last().map(attempt).into_iter().collect();
    Document::new("job.v1", JobBody { args: None, output: None, attempts, ..body(job, None) })
}

/// A job with the event that it comes of, as `job.v1`.
#[must_use]
pub fn document_of<'a>(
    job: &'a Shown<JobRecord>,
    event: Option<&'a OfEvent>,
) -> Document<JobBody<'a>> {
    Document::new("job.v1", body(job, event))
}

fn body<'a>(job: &'a Shown<JobRecord>, event: Option<&'a OfEvent>) -> JobBody<'a> {
    let member = job.meta.member.as_ref();
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
        schedule: job.meta.schedule.as_ref().map(occurrence),
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
        redact: &job.meta.redact,
        redacted: job.is_redacted(),
        args: Some(&job.args),
        output: Some(job.output.as_ref()),
        reason: job.reason.as_deref(),
        cancel_requested: job.cancel_requested,
        attempts: job.history.iter().map(attempt).collect(),
        root: job.root.unwrap_or(job.id),
        parent: job.parent,
        origin: job.origin.as_deref(),
        traceparent: job.meta.traceparent.as_deref(),
        event,
    }
}

/// A subject inside `job.v1` and other documents.
#[must_use]
pub fn subject(subject: &Subject) -> SubjectBody<'_> {
    SubjectBody { r#type: subject.kind(), id: subject.id() }
}

/// A past attempt.
pub(super) fn attempt(attempt: &Attempt) -> AttemptBody<'_> {
    AttemptBody {
        attempt: attempt.attempt,
        outcome: attempt.outcome,
        worker: &attempt.worker,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        error: attempt.error.as_deref(),
    }
}

fn occurrence(one: &Occurrence) -> OccurrenceBody<'_> {
    OccurrenceBody { name: &one.name, due_at: one.due_at(), cause: one.cause }
}
