//! Progress: what a running attempt says of itself. Its checkpoint, how far it is, and its log lines.

mod record;

pub use record::{Level, LogLine, NewLogLine, Progress, ProgressRecord, Report};

use crate::error::StoreError;
use crate::id::JobId;
use crate::job::{Fence, Fenced};
use crate::json::Json;
use crate::limits::CLAIM_BYTES;
use crate::reply::{Now, Reply};

/// The verbs of progress.
pub trait ProgressStore: Send + Sync {
    /// Writes what attempts say of themselves, each only while it holds its lease. Each is atomic; the answers are in the order
    /// of the reports. One that is sent again changes nothing more.
    fn report<'a>(&'a self, reports: &'a [Report], now: Now) -> Reply<'a, Vec<Fenced>>;

    /// The last checkpoint of an attempt's job, of this attempt or an earlier one.
    fn last_checkpoint<'a>(&'a self, fence: &'a Fence) -> Reply<'a, Option<Json>>;

    /// How far a job is, and its checkpoint; `None` where it never said so.
    fn progress(&self, job: JobId) -> Reply<'_, Option<ProgressRecord>>;

    /// The last log lines of a job, at most so many, the oldest first.
    fn log(&self, job: JobId, most: usize) -> Reply<'_, Vec<LogLine>>;
}

/// Writes reports in calls of a bounded size; a single larger report is one call.
pub(crate) async fn write_all(
    store: &dyn ProgressStore,
    mut reports: &[Report],
) -> Result<Vec<Fenced>, StoreError> {
    let mut answers = Vec::with_capacity(reports.len());
    while !reports.is_empty() {
        let (part, rest) = reports.split_at(part_of(reports));
        answers.extend(store.report(part, Now::Database).await?);
        reports = rest;
    }
    Ok(answers)
}

/// How many of these fit into one call.
fn part_of(reports: &[Report]) -> usize {
    let mut bytes = 0;
    let fits = |report: &&Report| {
        bytes += report.bytes();
        bytes <= CLAIM_BYTES
    };
    reports.iter().take_while(fits).count().max(1)
}
