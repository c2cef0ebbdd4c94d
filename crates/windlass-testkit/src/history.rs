//! Histories: what clients, workers and handlers wrote down, put together and judged.
//!
//! Records are made by [`recorded`] (around a store) and by the probe's handlers (around each
//! attempt), one file for each process, and read back by [`History::read`] with the final state
//! of every job. `rules` are folds over it, one invariant each; [`verdict`] counts and judges.

use std::fs;
use std::path::Path;

use windlass_core::batch::{BatchFilter, BatchRecord};
use windlass_core::error::StoreError;
use windlass_core::event::{EventRecord, LogRecord};
use windlass_core::id::JobId;
use windlass_core::job::{Filter, JobRecord, Page};
use windlass_core::schedule::ScheduleRecord;
use windlass_core::store::Store;
use windlass_core::subscription::SubscriptionRecord;
use windlass_core::time::Timestamp;

mod index;
pub mod journal;
pub mod record;
pub mod recorded;
mod rules;

pub mod sabotage;
pub mod story;
pub mod verdict;

use record::Record;

/// Everything that was written down, in the order of the machine's clock, and how it ended.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// What happened.
    pub records: Vec<Record>,
    /// Every job at the end.
    pub ended: Vec<JobRecord>,
    /// Every schedule at the end.
    pub schedules: Vec<ScheduleRecord>,
    /// Every batch at the end.
    pub batches: Vec<BatchRecord>,
    /// Every event of the log at the end.
    pub log: Vec<EventRecord>,
    /// How far the log reaches then.
    pub reaches: Option<LogRecord>,
    /// Every subscription at the end.
    pub subscriptions: Vec<SubscriptionRecord>,
    /// When the jobs began to be read.
    pub read_at: Option<Timestamp>,
}

/// Jobs or batches of one page.
const PAGE: usize = 1_000;

impl History {
    /// Reads every record in a folder and dumps the store.
    ///
    /// # Errors
    /// When the store cannot be asked.
    ///
    /// # Panics
    /// When a record cannot be read: each is written whole or not at all.
    pub async fn read(folder: &Path, store: &dyn Store) -> Result<Self, StoreError> {
        let read_at = Some(Timestamp::wall_clock());
        let (ended, schedules) = (dump(store).await?, store.schedules().await?);
        let (batches, log) = (batches(store).await?, log(store).await?);
        let reaches = Some(store.event_log().await?);
        let subscriptions = store.subscriptions().await?.all;
        let records = records(folder);
        Ok(Self { records, ended, schedules, batches, log, reaches, subscriptions, read_at })
    }
}

/// Every record in a folder, in order.
///
/// # Panics
/// As [`History::read`].
#[must_use]
pub fn records(folder: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for entry in fs::read_dir(folder).expect("the records' folder is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|ending| ending != journal::ENDING) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("records are text");
        // A line that is being written has no end yet.
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let read = |line| serde_json::from_str::<Record>(line);
        let lines = whole.lines().map(|line| read(line).expect("a record is one line of JSON"));
        records.extend(lines);
    }
    records.sort_by_key(|record| record.at);
    records
}

/// Every job there is.
async fn dump(store: &dyn Store) -> Result<Vec<JobRecord>, StoreError> {
    let mut ended: Vec<JobRecord> = Vec::new();
    loop {
        let before: Option<JobId> = ended.last().map(|job| job.id);
        let page = store.jobs(&Filter::default(), Page { before, limit: PAGE }).await?;
        if page.is_empty() {
            return Ok(ended);
        }
        ended.extend(page);
    }
}

/// Every event that has a position.
async fn log(store: &dyn Store) -> Result<Vec<EventRecord>, StoreError> {
    let mut log: Vec<EventRecord> = Vec::new();
    loop {
        let after = log.last().and_then(|event| event.position).unwrap_or_default();
        let page = store.events(after, PAGE).await?;
        if page.is_empty() {
            return Ok(log);
        }
        log.extend(page);
    }
}

/// Every batch there is, and what undoes each, which no list has unasked.
async fn batches(store: &dyn Store) -> Result<Vec<BatchRecord>, StoreError> {
    let mut batches: Vec<BatchRecord> = Vec::new();
    loop {
        let before = batches.last().map(|batch| batch.id);
        let filter = BatchFilter { before, ..BatchFilter::default() };
        let page = store.batches(&filter, PAGE).await?;
        if page.is_empty() {
            break;
        }
        batches.extend(page);
    }
    let workflows = batches.iter().filter(|batch| batch.is_workflow).map(|batch| batch.id);
    for workflow in workflows.collect::<Vec<_>>() {
        let filter = BatchFilter { undoes: Some(workflow), ..BatchFilter::default() };
        batches.extend(store.batches(&filter, PAGE).await?);
    }
    Ok(batches)
}
