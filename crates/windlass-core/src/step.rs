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
use crate::json::Json;
use crate::reply::{Now, Reply};

/// What stays of a list when steps of it are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// All others.
    Stay,
    /// Those up to this number; those behind it are removed.
    EndAt(u32),
}

/// Why steps cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StepRefusal(StepError);

/// Steps that were done elsewhere, as they are to be recorded behind those of their job: for who has jobs run elsewhere. A name that
/// is recorded stays as it is, and is not among them.
///
/// # Errors
/// What is wrong with a name, and where there would be more than a job may have.
pub fn behind(
    recorded: Vec<StepRecord>,
    done: Vec<(String, Json)>,
) -> Result<Vec<NewStep>, StepRefusal> {
    let mut list = StepList::of(recorded);
    let mut steps = Vec::with_capacity(done.len());
    for (name, output) in done {
        let Some(nth) = list.append(&name).map_err(StepRefusal)? else { continue };
        list.count(&output).map_err(StepRefusal)?;
        steps.push(NewStep { nth, name, form: StepForm::Work, output: Some(output), until: None });
    }
    Ok(steps)
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
