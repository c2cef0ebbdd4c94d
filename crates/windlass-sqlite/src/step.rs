//! The verbs of steps.

pub(crate) mod list;
pub(crate) mod record;

use windlass_core::id::JobId;
use windlass_core::job::{Fence, Fenced};
use windlass_core::step::{NewStep, Others, Recalled, StepRecord, StepStore};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl StepStore for SqliteStore {
    fn record_steps<'a>(
        &'a self,
        fence: &'a Fence,
        steps: &'a [NewStep],
        others: Others,
        now: Now,
    ) -> Reply<'a, Fenced> {
        let (held, steps) = ((fence.job.id, fence.lease), steps.to_vec());
        Box::pin(self.writer.write(move |c| record::record(c, held, (&steps, others), at(now))))
    }

    fn recall<'a>(&'a self, fence: &'a Fence, now: Now) -> Reply<'a, Recalled> {
        let (job, written_at) = (fence.job.id, fence.job.created_at);
        Box::pin(async move {
            let steps = self.readers.read(move |c| list::recorded(c, job, written_at)).await?;
            Ok(Recalled { now: at(now), steps })
        })
    }

    fn steps(&self, job: JobId) -> Reply<'_, Vec<StepRecord>> {
        Box::pin(self.readers.read(move |c| list::steps(c, job)))
    }
}
