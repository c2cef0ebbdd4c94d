//! The verbs of steps.

pub(crate) mod list;
pub(crate) mod record;

use windlass_core::id::JobId;
use windlass_core::job::{Fence, Fenced};
use windlass_core::step::{NewStep, Others, Recalled, StepRecord, StepStore};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl StepStore for PostgresStore {
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced> {
        Box::pin(record::record(&self.writes, fence, (steps, others), now))
    }

    fn recall<'a>(&'a self, fence: &'a Fence, now: Now) -> Reply<'a, Recalled> {
        Box::pin(list::recall(&self.writes, fence, now))
    }

    fn steps(&self, job: JobId) -> Reply<'_, Vec<StepRecord>> {
        Box::pin(list::steps(&self.claims, job))
    }
}
