//! The verbs of progress.

pub(crate) mod read;
pub(crate) mod report;

use windlass_core::id::JobId;
use windlass_core::job::{Fence, Fenced};
use windlass_core::json::Json;
use windlass_core::progress::{LogLine, ProgressRecord, ProgressStore, Report};
use windlass_core::store::{Now, Reply};

use crate::store::{SqliteStore, at};

impl ProgressStore for SqliteStore {
    fn report<'a>(&'a self, reports: &'a [Report], now: Now) -> Reply<'a, Vec<Fenced>> {
        let reports = reports.to_vec();
        Box::pin(self.writer.write(move |c| report::report(c, &reports, at(now))))
    }

    fn last_checkpoint<'a>(&'a self, fence: &'a Fence) -> Reply<'a, Option<Json>> {
        let (job, written_at) = (fence.job.id, fence.job.created_at);
        Box::pin(self.readers.read(move |c| read::last_checkpoint(c, job, written_at)))
    }

    fn progress(&self, job: JobId) -> Reply<'_, Option<ProgressRecord>> {
        Box::pin(self.readers.read(move |c| read::progress(c, job)))
    }

    fn log(&self, job: JobId, most: usize) -> Reply<'_, Vec<LogLine>> {
        Box::pin(self.readers.read(move |c| read::log(c, job, most)))
    }
}
