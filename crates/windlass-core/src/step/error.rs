//! Why a step cannot be called so.

use crate::job::{Decided, JobError};
use crate::json::JsonError;
use crate::limits::{STEP_NAME_BYTES, STEPS, STEPS_BYTES};

/// A call of a step that does not go with what is recorded, or with the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StepError {
    #[error(
        "the step `{called}` is called where `{recorded}` is recorded: steps are called in the order in which they were \
         recorded; deploy a handler that calls `{recorded}`, or say with upgrade_steps how the recorded list becomes its own"
    )]
    Changed { called: String, recorded: String },
    #[error(
        "the step `{name}` is recorded as {recorded} and called as {called}: give one of them another name"
    )]
    OtherForm { name: String, recorded: &'static str, called: &'static str },
    #[error(
        "the step `{name}` is called twice in one attempt: each step of a job has its own name"
    )]
    Twice { name: String },
    #[error(
        "the step `{called}` is called while `{running}` runs: call one after the other, or announce both with step_set"
    )]
    Overlap { called: String, running: String },
    #[error("the step `{name}` is not one of the announced set")]
    NotAnnounced { name: String },
    #[error("the name of a step has 1 to {STEP_NAME_BYTES} bytes without NUL, `{}` is none", .name.escape_debug())]
    Name { name: String },
    #[error(
        "the recorded output of the step `{name}` cannot be read: {reason}; give the step another name, or upgrade it"
    )]
    Unreadable { name: String, reason: String },
    #[error("steps are upgraded before the first one is called")]
    LateUpgrade,
    #[error(
        "a job has up to {STEPS} steps: keep its progress in a checkpoint, or enqueue a job for each part"
    )]
    Many,
    #[error(
        "the outputs of a job's steps have up to {STEPS_BYTES} bytes together: keep large values elsewhere"
    )]
    Large,
    #[error("the output of the step `{name}` cannot be recorded: {reason}")]
    Output { name: String, reason: JsonError },
}

impl StepError {
    /// What happens to the job: a call that a deploy can correct is tried again, by when nothing that is recorded runs again.
    /// What was done and cannot be recorded would be done again, so that the job is dead.
    pub(crate) fn decided(self) -> Decided {
        match self {
            Self::Many | Self::Large | Self::Output { .. } => JobError::dead(self).into_error(),
            _ => JobError::retry(self).into_error(),
        }
    }
}
