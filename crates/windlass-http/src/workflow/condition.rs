//! What a step waits for beside other steps.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::condition::{Awaited, ConditionRecord, ConditionState, Ends};
use windlass::{BatchId, JobId, Json, State, Timestamp};

use crate::schema;

/// A condition of a step that is open.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StepCondition)]
pub(super) struct ConditionBody<'a> {
    /// Its name, by which it can be waived.
    name: &'a str,
    #[serde(flatten)]
    awaits: AwaitedBody<'a>,
    #[schema(value_type = schema::ConditionState)]
    state: ConditionState,
    /// Since when it is so; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>)]
    since: Option<Timestamp>,
    /// What came with it; absent where nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<&'a Json>,
    /// Who met, waived or withdrew it, and why; absent where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// What a condition waits for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "awaits", rename_all = "lowercase")]
#[schema(as = StepAwaits)]
enum AwaitedBody<'a> {
    /// The end of a job.
    Job {
        /// The job.
        #[schema(value_type = schema::JobId)]
        awaited: JobId,
        /// In which ways it may end.
        #[schema(value_type = Vec<schema::State>)]
        ends: Vec<State>,
        /// Where it stands; absent where it is gone.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<schema::State>)]
        awaited_state: Option<State>,
    },
    /// The end of a batch.
    Batch {
        /// The batch.
        #[schema(value_type = schema::BatchId)]
        awaited: BatchId,
        /// In which ways it may end: `completed` where all its jobs are to be.
        #[schema(value_type = Vec<schema::State>)]
        ends: Vec<State>,
        /// How it has ended; absent where it has not.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<schema::State>)]
        awaited_state: Option<State>,
    },
    /// A signal.
    Signal {
        /// Its key.
        key: &'a str,
    },
    /// A moment.
    Moment {
        /// Which.
        #[schema(value_type = schema::Moment)]
        at: Timestamp,
    },
}

pub(super) fn body(record: &ConditionRecord) -> ConditionBody<'_> {
    ConditionBody {
        name: &record.name,
        awaits: awaits(&record.awaits),
        state: record.state,
        since: record.since,
        data: record.data.as_ref(),
        note: record.note.as_deref(),
    }
}

fn awaits(awaits: &Awaited) -> AwaitedBody<'_> {
    let states = |ends: Ends| ends.states().collect();
    match awaits {
        Awaited::Job { job, ends, job_state } => {
            AwaitedBody::Job { awaited: *job, ends: states(*ends), awaited_state: *job_state }
        }
        Awaited::Batch { batch, ends, ended } => {
            AwaitedBody::Batch { awaited: *batch, ends: states(*ends), awaited_state: *ended }
        }
        Awaited::Signal { key } => AwaitedBody::Signal { key },
        Awaited::Moment { at } => AwaitedBody::Moment { at: *at },
    }
}
