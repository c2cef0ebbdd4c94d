//! A workflow as JSON: `workflow.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::batch::{WorkflowRecord, WorkflowStep};
use windlass::{JobId, State, Timestamp};

use super::condition::{self, ConditionBody};
use crate::answer::Document;
use crate::batch::{self, BatchBody};
use crate::schema;

/// A workflow with its steps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workflow)]
pub struct WorkflowBody<'a> {
    #[serde(flatten)]
    batch: BatchBody<'a>,
    /// Its steps, each behind those it waits for; at most 1,000.
    steps: Vec<StepBody<'a>>,
    /// The names of the steps on the way that took, or takes, longest.
    critical_path: &'a [String],
    /// The steps of what undoes it; null where nothing does.
    undo: Option<Vec<StepBody<'a>>>,
}

/// A step of a workflow. What it comes after are the edges of the graph.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkflowStep)]
struct StepBody<'a> {
    /// Its name.
    step: &'a str,
    /// Its job.
    #[schema(value_type = schema::JobId)]
    job: JobId,
    /// Where the job stands; of one that was removed, how it ended.
    #[schema(value_type = schema::State)]
    state: State,
    /// The steps it waits for, or has waited for.
    after: &'a [String],
    /// How many steps lie before it, on the longest way.
    depth: usize,
    /// While it waits: the steps at the root of it, which have failed, or else have not ended.
    blocked_by: &'a [String],
    /// What else it waits for.
    waits_for: Vec<ConditionBody<'a>>,
    /// When its last attempt began.
    #[schema(value_type = Option<schema::Moment>)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<schema::Moment>)]
    finished_at: Option<Timestamp>,
    /// Why it ended so, or its last error.
    reason: Option<&'a str>,
}

/// A workflow as `workflow.v1`, with what undoes it, where something does.
#[must_use]
pub fn document<'a>(
    record: &'a WorkflowRecord,
    undoing: Option<&'a WorkflowRecord>,
) -> Document<WorkflowBody<'a>> {
    Document::new(
        "workflow.v1",
        WorkflowBody {
            batch: batch::body(&record.batch),
            steps: record.steps.iter().map(step).collect(),
            critical_path: &record.critical_path,
            undo: undoing.map(|undoing| undoing.steps.iter().map(step).collect()),
        },
    )
}

fn step(step: &WorkflowStep) -> StepBody<'_> {
    StepBody {
        step: &step.step,
        job: step.job,
        state: step.state,
        after: &step.after,
        depth: step.depth,
        blocked_by: &step.blocked_by,
        waits_for: step.waits_for.iter().map(condition::body).collect(),
        started_at: step.started_at,
        finished_at: step.finished_at,
        reason: step.reason.as_deref(),
    }
}
