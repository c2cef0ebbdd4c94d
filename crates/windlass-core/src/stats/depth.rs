//! Depth: how long a queue is.

use std::time::Duration;

use super::Resolution;
use crate::time::Timestamp;

/// How long a queue is, as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Jobs that are available, up to [`STATS_DEPTH`](crate::limits::STATS_DEPTH).
    pub available: u64,
    /// Jobs that run, of the leases that were looked at.
    pub running: u64,
    /// How long its oldest available job has been due.
    pub oldest: Duration,
}

impl Depth {
    /// The longest of both.
    #[must_use]
    pub fn longest(self, other: Self) -> Self {
        Self {
            available: self.available.max(other.available),
            running: self.running.max(other.running),
            oldest: self.oldest.max(other.oldest),
        }
    }
}

/// The longest that a queue was in the time of one row, each by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthRow {
    /// How much time it is of.
    pub resolution: Resolution,
    /// When that begins.
    pub start: Timestamp,
    /// The queue.
    pub queue: String,
    /// How long it was.
    pub depth: Depth,
}
