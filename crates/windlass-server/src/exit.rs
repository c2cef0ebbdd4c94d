//! Exit codes: documented, stable.

use std::process::ExitCode;

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
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
