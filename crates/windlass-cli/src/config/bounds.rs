//! `[queue.NAME]`: how many of its jobs may be available.

use windlass::name::check_queue;
use windlass::queue::QueueBound;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 2] = ["max_jobs", "when_full"];

/// One of them; nothing where the table says nothing of a bound.
pub(super) fn read(name: &str, table: &Table<'_, '_>) -> Result<Option<QueueBound>, ConfigError> {
    check_queue(name).map_err(|error| table.error("max_jobs", error))?;
    let when_full = table.text("when_full")?;
    let Some(jobs) = table.number("max_jobs", 1..=u64::from(u32::MAX))? else {
        return match when_full {
            None => Ok(None),
            Some(_) => Err(table.error("when_full", "needs `max_jobs`, the number of jobs")),
        };
    };
    let bound = QueueBound::new(name, jobs);
    match when_full.as_deref() {
        None | Some("error") => Ok(Some(bound)),
        Some("wait") => Ok(Some(bound.waiting())),
        Some(other) => {
            Err(table.error("when_full", format!("`{other}` is neither error nor wait")))
        }
    }
}
