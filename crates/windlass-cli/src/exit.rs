//! Exit codes: documented, stable; and the one table that gives every error its code.
//!
//! | code | when | from |
//! |---|---|---|
//! | 0 | done; also when the reader of a pipe went away | |
//! | 1 | failed, see the message | [`StoreError::DiskFull`], `Corrupt`, `Backend`, an unsuitable server, anything else |
//! | 2 | wrong usage or configuration, args that cannot be stored | [`StoreError::Refused`], [`Unusable::Url`], a wrong command line |
//! | 3 | not found | [`StoreError::NotFound`], `NothingToAwait`, `NoBatch` |
//! | 4 | conflict or precondition: `--expect`, a job that has ended, a unique key that is held, a lane that refuses, a batch that has ended or a key that another has | [`StoreError::Conflict`], `Duplicate`, `LaneRefused`, `BatchEnded`, `BatchExists`, `LeaseLost` |
//! | 5 | not allowed | [`Unusable::Rights`] |
//! | 6 | database unreachable | [`StoreError::Unavailable`], `Unknown` |
//! | 7 | timed out waiting | `enqueue --wait --timeout` |
//! | 8 | the awaited job is dead or was cancelled | `enqueue --wait` |
//! | 9 | a check found a problem | `doctor` |
//! | 10 | a bulk operation partly failed | `job retry`, `job cancel`, `job move`; `work --once` where one of several stores is away |
//! | 11 | schema or version mismatch | [`Unusable::Schema`] |
//! | 12 | the queue is full, nothing was written | [`StoreError::QueueFull`] |
//! | 130 | interrupted | the signal itself |

use std::fmt;
use std::process::ExitCode;

use windlass::{StoreError, Unusable};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Failed, see the message.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Not found.
    NotFound = 3,
    /// Conflict or precondition.
    Conflict = 4,
    /// Not allowed.
    NotAllowed = 5,
    /// Database unreachable.
    Unreachable = 6,
    /// Timed out waiting.
    TimedOut = 7,
    /// The awaited job ended in failure or was cancelled.
    JobFailed = 8,
    /// A check found a problem.
    Problem = 9,
    /// A bulk operation partly failed.
    PartlyFailed = 10,
    /// Schema or version mismatch.
    Schema = 11,
    /// The queue is full.
    QueueFull = 12,
}

impl Exit {
    /// The code of an error, by the table above.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        error
            .chain()
            .find_map(|cause| {
                let failure = cause.downcast_ref::<Failure>().map(|failure| failure.exit);
                failure.or_else(|| cause.downcast_ref::<StoreError>().map(Self::of_store))
            })
            .unwrap_or(Self::Failed)
    }

    /// The code of a store's error.
    pub(crate) const fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::NotFound { .. }
            | StoreError::NothingToAwait { .. }
            | StoreError::NoBatch { .. } => Self::NotFound,
            StoreError::Conflict { .. }
            | StoreError::Duplicate { .. }
            | StoreError::LaneRefused { .. }
            | StoreError::BatchEnded { .. }
            | StoreError::BatchExists { .. }
            | StoreError::LeaseLost { .. } => Self::Conflict,
            StoreError::QueueFull { .. } => Self::QueueFull,
            StoreError::Refused(_) => Self::Usage,
            StoreError::Unavailable { .. } | StoreError::Unknown { .. } => Self::Unreachable,
            StoreError::Unusable { kind, .. } => match kind {
                Unusable::Url => Self::Usage,
                Unusable::Schema => Self::Schema,
                Unusable::Rights => Self::NotAllowed,
                _ => Self::Failed,
            },
            _ => Self::Failed,
        }
    }

    /// The word for it in problem documents.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::NotAllowed => "not-allowed",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::JobFailed => "job-failed",
            Self::Problem => "problem",
            Self::PartlyFailed => "partly-failed",
            Self::Schema => "schema",
            Self::QueueFull => "queue-full",
        }
    }

    /// What it means, in a few words.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Usage => "Wrong usage",
            Self::NotFound => "Not found",
            Self::Conflict => "Conflict",
            Self::NotAllowed => "Not allowed",
            Self::Unreachable => "Database unreachable",
            Self::TimedOut => "Timed out",
            Self::JobFailed => "The job failed",
            Self::Problem => "A problem was found",
            Self::PartlyFailed => "Partly failed",
            Self::Schema => "Schema mismatch",
            Self::QueueFull => "The queue is full",
        }
    }

    /// The HTTP status that says the same.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Done => 200,
            Self::Failed | Self::Problem | Self::PartlyFailed | Self::Schema => 500,
            Self::Usage => 400,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::NotAllowed => 403,
            Self::Unreachable => 503,
            Self::TimedOut => 504,
            Self::JobFailed => 422,
            Self::QueueFull => 429,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Something the command line itself refuses or reports: what is wrong, what to do, and the code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
}

impl Failure {
    /// A failure with this code. `what` is one line: what is wrong, where, and what to do.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into() }
    }

    /// Wrong usage.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_below_any_context() {
        let gone = StoreError::Unavailable { reason: "no route".to_owned() };
        assert_eq!(Exit::of(&anyhow::Error::new(gone).context("while opening")), Exit::Unreachable);
        assert_eq!(Exit::of(&Failure::usage("no").into()), Exit::Usage);
        assert_eq!(Exit::of(&anyhow::anyhow!("what")), Exit::Failed);
    }

    #[test]
    fn every_reason_to_be_unusable_has_its_code() {
        let code = |kind| Exit::of_store(&StoreError::Unusable { reason: String::new(), kind });
        assert_eq!(code(Unusable::Url), Exit::Usage);
        assert_eq!(code(Unusable::Schema), Exit::Schema);
        assert_eq!(code(Unusable::Rights), Exit::NotAllowed);
        assert_eq!(code(Unusable::Server), Exit::Failed);
    }
}
