//! What jobs wait for.

use serde::Serialize;
use utoipa::ToSchema;

use super::{BatchId, JobId, Moment, State};

/// One thing that a job waits for, as it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Condition {
    /// Its name.
    name: String,
    #[serde(flatten)]
    awaits: Awaited,
    state: ConditionState,
    /// Since when, unless it is open.
    #[schema(required = false)]
    since: Option<Moment>,
    /// What the signal brought, or the output of the job.
    #[schema(required = false)]
    data: Option<serde_json::Value>,
    /// Who met, waived or withdrew it, and why.
    #[schema(required = false)]
    note: Option<String>,
}

/// What it waits for.
#[derive(Serialize, ToSchema)]
#[serde(tag = "awaits", rename_all = "lowercase")]
pub(crate) enum Awaited {
    /// The end of a job.
    Job {
        /// The job.
        awaited: JobId,
        /// In which ways it may end.
        ends: Vec<State>,
        /// Where it stands; absent where it is gone.
        #[schema(required = false)]
        awaited_state: Option<State>,
    },
    /// The end of a batch.
    Batch {
        /// The batch.
        awaited: BatchId,
        /// In which ways it may end: all completed, or not all.
        ends: Vec<State>,
        /// How it has ended, where it has.
        #[schema(required = false)]
        awaited_state: Option<State>,
    },
    /// A signal.
    Signal {
        /// Its key.
        key: String,
    },
    /// A moment.
    Moment {
        /// Which.
        at: Moment,
    },
}

/// How a condition stands.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum ConditionState {
    /// What it waits for has not come.
    Open,
    /// It has come.
    Met,
    /// A person let the job pass.
    Waived,
    /// It will not come, and nobody waits for it.
    Withdrawn,
}

/// What happens to a job whose deadline passes while it waits.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Overdue {
    /// It runs without what has not come.
    Run,
    /// It is cancelled.
    Cancel,
    /// It is dead, until a person retries it.
    Die,
}
