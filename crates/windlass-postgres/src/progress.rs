//! The verbs of progress.

pub(crate) mod read;
pub(crate) mod report;

use windlass_core::id::JobId;
use windlass_core::job::{Fence, Fenced};
use windlass_core::json::Json;
use windlass_core::progress::{LogLine, ProgressRecord, ProgressStore, Report};
use windlass_core::store::{Now, Reply};

use crate::store::PostgresStore;

impl ProgressStore for PostgresStore {
    fn report<'a>(&'a self, reports: &'a [Report], now: Now) -> Reply<'a, Vec<Fenced>> {
        Box::pin(report::report(&self.writes, reports, now))
    }

    fn last_checkpoint<'a>(&'a self, fence: &'a Fence) -> Reply<'a, Option<Json>> {
        Box::pin(read::last_checkpoint(&self.writes, fence))
    }

    fn progress(&self, job: JobId) -> Reply<'_, Option<ProgressRecord>> {
        Box::pin(read::progress(&self.claims, job))
    }

    fn log(&self, job: JobId, most: usize) -> Reply<'_, Vec<LogLine>> {
        Box::pin(read::log(&self.claims, job, most))
    }
}
