//! Jobs that were not written.

use serde::Serialize;
use utoipa::ToSchema;

use super::{JobId, Moment};

/// A job that was not written since its unique key was held, or since a rule of its lane refused it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Duplicate {
    /// When it came.
    at: Moment,
    /// Its kind.
    kind: String,
    /// Its key, or that of its lane.
    key: String,
    answer: DuplicateAnswer,
    /// The job that held the key.
    job: JobId,
    /// Who enqueued it.
    origin: Option<String>,
}

/// What happened to it.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum DuplicateAnswer {
    /// The job that held the key was kept as it was.
    Kept,
    /// The job that held the key got its args, due time and priority.
    Replaced,
    /// Its call was refused.
    Rejected,
    /// Its call was refused by a rule of its lane.
    Refused,
}
