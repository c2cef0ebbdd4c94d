//! A batch as JSON: `batch.v1`, and `workflow_summary.v1` of one whose jobs have names.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::batch::{BatchRecord, BatchState};
use windlass::{BatchId, Timestamp};

use super::member::Members;
use crate::answer::Document;
use crate::schema;

/// A batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Batch)]
pub struct BatchBody<'a> {
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
    /// Its name; that of a workflow says which one it is. Absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// There is one batch with it. Absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    /// The workflow whose steps it undoes; absent where it undoes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::BatchId>)]
    undoes: Option<BatchId>,
    /// Whether its jobs have names.
    is_workflow: bool,
    #[schema(value_type = schema::BatchState)]
    state: BatchState,
    /// When it was made.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When all of its jobs had ended for the first time; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>)]
    ended_at: Option<Timestamp>,
    jobs: BatchCountsBody,
}

/// How many jobs of a batch are where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchCounts)]
struct BatchCountsBody {
    /// Those that have not ended.
    open: u64,
    /// Completed.
    completed: u64,
    /// Cancelled or expired.
    cancelled: u64,
    /// Dead.
    dead: u64,
}

/// A batch with some of its jobs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchWithMembers)]
pub struct BatchWithMembersBody<'a> {
    #[serde(flatten)]
    batch: BatchBody<'a>,
    #[serde(flatten)]
    members: &'a Members,
}

/// A batch as `batch.v1`.
#[must_use]
pub fn document(record: &BatchRecord) -> Document<BatchBody<'_>> {
    Document::new("batch.v1", body(record))
}

/// A workflow without its steps, as `workflow_summary.v1`.
#[must_use]
pub fn summary(record: &BatchRecord) -> Document<BatchBody<'_>> {
    Document::new("workflow_summary.v1", body(record))
}

/// A batch as `batch.v1`, with some of its jobs.
#[must_use]
pub fn with_members<'a>(
    record: &'a BatchRecord,
    members: &'a Members,
) -> Document<BatchWithMembersBody<'a>> {
    Document::new("batch.v1", BatchWithMembersBody { batch: body(record), members })
}

pub(crate) fn body(record: &BatchRecord) -> BatchBody<'_> {
    let jobs = &record.jobs;
    BatchBody {
        id: record.id,
        name: record.name.as_deref(),
        key: record.key.as_deref(),
        undoes: record.undoes,
        is_workflow: record.is_workflow,
        state: record.state,
        created_at: record.created_at,
        ended_at: record.ended_at,
        jobs: BatchCountsBody {
            open: jobs.open,
            completed: jobs.completed,
            cancelled: jobs.cancelled,
            dead: jobs.dead,
        },
    }
}
