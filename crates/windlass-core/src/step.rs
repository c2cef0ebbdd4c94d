//! Steps: what a handler has done so far, kept across the attempts of its job.

mod error;
mod list;
mod record;
mod upgrade;
mod wait;

pub(crate) use error::StepError;
pub(crate) use list::{Called, StepList};
pub use record::{NewStep, Recalled, StepForm, StepRecord, Until};
pub use upgrade::StepUpgrade;
pub use wait::WaitEnd;

use crate::id::JobId;
use crate::job::{Fence, Fenced};
use crate::reply::{Now, Reply};

/// What stays of a list when steps of it are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// All others.
    Stay,
    /// Those up to this number; those behind it are removed.
    EndAt(u32),
}

/// The verbs of steps. A write is one atomic change, and lands only while the attempt holds its lease.
pub trait StepStore: Send + Sync {
    /// Writes steps of one attempt. A step takes the place of the one that had its number, so that a call whose answer was
    /// lost can be repeated.
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced>;

    /// What earlier attempts of the job have recorded, and when it is.
    fn recall<'a>(&'a self, fence: &'a Fence, now: Now) -> Reply<'a, Recalled>;

    /// The steps of a job, in their order.
    fn steps(&self, job: JobId) -> Reply<'_, Vec<StepRecord>>;
}
