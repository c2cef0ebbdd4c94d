//! `[stats]`: how long is kept what jobs did over time.

use std::time::Duration;

use windlass::limits::{KEEP_STATS, LARGEST_KEEP};
use windlass::time::written;

use super::ConfigError;
use super::reader::Table;

pub(super) const KEYS: [&str; 1] = ["keep"];

/// Rows of an hour are of no use for less.
const SHORTEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn read(table: &Table<'_, '_>) -> Result<Duration, ConfigError> {
    let keep = table.positive_duration("keep")?.unwrap_or(KEEP_STATS);
    if (SHORTEST..=LARGEST_KEEP).contains(&keep) {
        return Ok(keep);
    }
    let message = format!("is from {} to {}", written(SHORTEST), written(LARGEST_KEEP));
    Err(table.error("keep", message))
}
