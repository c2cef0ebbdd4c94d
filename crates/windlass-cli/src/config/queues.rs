//! `[queue.NAME]`: how many of its jobs may be available, and how they age.

use windlass::name::check_queue;
use windlass::queue::{Aging, QueueBound};

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 3] = ["max_jobs", "when_full", "age_every"];

/// How the jobs of one queue age; nothing where the table does not say.
pub(super) fn aging(name: &str, table: &Table<'_, '_>) -> Result<Option<Aging>, ConfigError> {
    let Some(every) = table.duration("age_every")? else { return Ok(None) };
    let aging = Aging::new(name, every);
    aging.check().map_err(|error| table.error("age_every", error))?;
    Ok(Some(aging))
}

/// The bound of one queue; nothing where the table does not say.
pub(super) fn bound(name: &str, table: &Table<'_, '_>) -> Result<Option<QueueBound>, ConfigError> {
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
