//! An operation as JSON: `operation.v1`, and `operation_preview.v1` of what one would find.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use windlass::operation::{
    Action, NewOperation, OperationRecord, OperationState, Preview, Skipped, Why,
};
use windlass::redact::Shown;
use windlass::{JobId, JobRecord, OperationId, State, Timestamp};

use crate::answer::Document;
use crate::job::{self, JobBody};
use crate::schema;

/// An operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub struct OperationBody<'a> {
    #[schema(value_type = schema::OperationId)]
    id: OperationId,
    #[serde(flatten)]
    action: ActionBody<'a>,
    /// Its jobs, with moments instead of times ago.
    filter: String,
    /// How it stands: `running`, `paused`, `done`, `stopped`, `undoing` or `undone`.
    #[schema(value_type = schema::OperationState)]
    state: &'static str,
    /// How many were expected; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    expect: Option<u64>,
    /// How many matched when it began: it goes through no more. Absent where counting took too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<u64>,
    /// At most so many jobs in a time, such as `100/s`; absent where it goes as quickly as the others allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<String>,
    /// Why. Absent where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// Who began it. Absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    /// Jobs that were changed.
    done: u64,
    /// Running jobs whose workers were told to stop, which cannot be undone.
    requested: u64,
    /// Jobs that were left as they were.
    skipped: SkippedBody,
    /// Jobs that were put back.
    undone: u64,
    /// Jobs that could not be put back.
    kept: SkippedBody,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it, or its undoing, was over; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>)]
    ended_at: Option<Timestamp>,
    /// Until when it can be undone; absent while it goes on, when it can be, and once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>)]
    undo_until: Option<Timestamp>,
}

/// What is done to each job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationAction)]
struct ActionBody<'a> {
    /// `retry`, `cancel`, `move` or `delete`.
    #[schema(value_type = schema::OperationWord)]
    action: &'static str,
    /// Of a cancel: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Of a move: the queue that they are given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
}

/// Jobs that were left as they were.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkippedJobs)]
struct SkippedBody {
    /// All of them.
    jobs: u64,
    /// How many, by reason: `unneeded`, `waiting`, `running`, `ended`, `unended`, `key_held`, `workflow_undone`, `busy`, `gone`,
    /// and of those that could not be put back `touched`, `awaited`, `came`. New reasons may come.
    reasons: BTreeMap<&'static str, u64>,
    /// A few of them.
    samples: Vec<SkippedJobBody>,
}

/// A job that was left as it was.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkippedJob)]
struct SkippedJobBody {
    #[schema(value_type = schema::JobId)]
    job: JobId,
    /// Why, as in `reasons`.
    reason: &'static str,
}

impl From<&Skipped> for SkippedBody {
    fn from(skipped: &Skipped) -> Self {
        let one = |(job, why): &(JobId, Why)| SkippedJobBody { job: *job, reason: why.word() };
        Self {
            jobs: skipped.total(),
            reasons: skipped.counts.iter().map(|(why, jobs)| (why.word(), *jobs)).collect(),
            samples: skipped.samples.iter().map(one).collect(),
        }
    }
}

impl<'a> From<&'a Action> for ActionBody<'a> {
    fn from(action: &'a Action) -> Self {
        let (reason, queue) = match action {
            Action::Cancel { reason } => (Some(reason.as_str()), None),
            Action::Move { queue } => (None, Some(queue.as_str())),
            Action::Retry | Action::Delete => (None, None),
        };
        Self { action: action.word(), reason, queue }
    }
}

/// What an operation would find.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationPreview)]
pub struct PreviewBody<'a> {
    #[serde(flatten)]
    action: ActionBody<'a>,
    /// The filter, with the states that the action means where it names none.
    filter: String,
    /// How many jobs match.
    jobs: u64,
    /// Whether that is all of them; otherwise counting took too long, and there are at least so many.
    exact: bool,
    /// The same by their states.
    #[schema(value_type = BTreeMap<String, u64>)]
    states: BTreeMap<State, u64>,
    /// A few of them.
    samples: Vec<Document<JobBody<'a>>>,
}

/// An operation as `operation.v1`.
#[must_use]
pub fn document(record: &OperationRecord) -> Document<OperationBody<'_>> {
    let progress = &record.progress;
    let state: OperationState = record.state;
    Document::new(
        "operation.v1",
        OperationBody {
            id: record.id,
            action: (&record.action).into(),
            filter: record.filter.to_string(),
            state: state.word(),
            expect: record.expect,
            matched: record.matched,
            pace: record.pace.map(|pace| pace.to_string()),
            note: record.note.as_deref(),
            origin: record.origin.as_deref(),
            done: progress.done,
            requested: progress.requested,
            skipped: (&progress.skipped).into(),
            undone: progress.undone,
            kept: (&progress.kept).into(),
            created_at: record.created_at,
            ended_at: record.ended_at,
            undo_until: record.undo_until,
        },
    )
}

/// What an operation would find, with some of the jobs as they are shown, as `operation_preview.v1`.
#[must_use]
pub fn preview<'a>(
    new: &'a NewOperation,
    found: &'a Preview,
    samples: &'a [Shown<JobRecord>],
) -> Document<PreviewBody<'a>> {
    Document::new(
        "operation_preview.v1",
        PreviewBody {
            action: (&new.action).into(),
            filter: new.filter.to_string(),
            jobs: found.jobs,
            exact: found.exact,
            states: found.states.clone(),
            samples: samples.iter().map(job::document).collect(),
        },
    )
}
