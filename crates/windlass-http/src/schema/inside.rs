//! What a job's handler has done and said.

use serde::Serialize;
use utoipa::ToSchema;

use super::Moment;

/// How far a job is, by its handler's account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Progress {
    /// Where a later attempt goes on.
    #[schema(required = false)]
    checkpoint: Option<serde_json::Value>,
    /// When that was written.
    #[schema(required = false)]
    checkpoint_at: Option<Moment>,
    /// From 0 to 100.
    #[schema(required = false)]
    percent: Option<f64>,
    /// What it does now.
    #[schema(required = false)]
    note: Option<String>,
    /// How many parts are done.
    #[schema(required = false)]
    done: Option<u64>,
    /// How many parts there are.
    #[schema(required = false)]
    total: Option<u64>,
    /// The attempt that said so.
    #[schema(required = false)]
    attempt: Option<u32>,
    /// When it said so.
    #[schema(required = false)]
    at: Option<Moment>,
}

/// A step of a job, that later attempts do not do again.
#[derive(Serialize, ToSchema)]
#[schema(as = JobStep)]
pub(crate) struct Step {
    /// Its place in the list, from 1.
    nth: u32,
    /// Its name.
    name: String,
    form: StepForm,
    /// What it returned; absent while it has not.
    #[schema(required = false)]
    output: Option<serde_json::Value>,
    /// Until when it sleeps or waits at most.
    #[schema(required = false)]
    until: Option<Moment>,
    /// When it was written.
    at: Moment,
}

/// What sort of step it is.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum StepForm {
    /// Work that was done.
    Work,
    /// A time that the job sleeps.
    Sleep,
    /// A signal that the job waits for.
    Wait,
}

/// A log line of a job.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogLine {
    /// The attempt that said it.
    attempt: u32,
    /// Its number within the attempt, from 1.
    nth: u32,
    /// When it was said.
    at: Moment,
    level: Level,
    /// What it says.
    text: String,
}

/// How grave a log line is.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}
