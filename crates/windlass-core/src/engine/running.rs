//! Attempts that run now.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::verdict::Standing;
use crate::id::LeaseId;
use crate::job::Claimed;
use crate::limits::SUSPECT_LOSSES;

/// Why an attempt was told to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// It was not.
    None,
    /// Somebody called the job off.
    CalledOff(String),
    /// It ran longer than it may.
    TimedOut(Duration),
    /// The grace of a stopping worker is over.
    GraceOver,
    /// The lease may be over, and the store does not say.
    LeaseInDoubt,
    /// The lease is gone: nothing it writes counts any more.
    LeaseLost,
}

/// An attempt that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) lease: LeaseId,
    pub(super) job: Arc<Claimed>,
    pub(super) queue: usize,
    pub(super) timeout: Duration,
    pub(super) started: Instant,
    /// When the engine must look at it again: its timeout, or the end of its patience.
    pub(super) deadline: Instant,
    pub(super) ending: Ending,
    pub(super) cancel: CancellationToken,
    pub(super) abort: Option<AbortHandle>,
}

impl Running {
    pub(super) fn standing(&self) -> Standing {
        Standing { failures: self.job.failures, max_attempts: self.job.max_attempts }
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.job.losses >= SUSPECT_LOSSES
    }

    /// Tells the handler to end; it has until `patience` from now.
    pub(super) fn tell(&mut self, ending: Ending, now: Instant, patience: Duration) {
        if self.ending != Ending::None && ending != Ending::LeaseLost {
            return;
        }
        self.ending = ending;
        self.deadline = now + patience;
        self.cancel.cancel();
    }
}
