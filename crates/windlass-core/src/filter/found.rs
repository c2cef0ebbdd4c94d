//! What a look for jobs or events has found, and how far it looked.

use std::time::{Duration, Instant};

use crate::limits::{FIND_ROWS, FIND_TIME};

/// How far one look goes at most. What is not seen within it is left to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Jobs or events that are looked through.
    pub rows: u64,
    /// How long that may take.
    pub time: Duration,
}

impl Default for Bound {
    fn default() -> Self {
        Self { rows: FIND_ROWS, time: FIND_TIME }
    }
}

/// How far a look has come.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    bound: Bound,
    began: Instant,
    /// Jobs or events that were looked through.
    pub rows: u64,
}

impl Looked {
    /// A look that begins now.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        Self { bound, began: Instant::now(), rows: 0 }
    }

    /// Whether it has reached its bound.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.rows >= self.bound.rows || self.began.elapsed() >= self.bound.time
    }

    /// Rows that it may still look through.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.bound.rows.saturating_sub(self.rows)
    }
}

/// A page of what was found, newest first.
#[derive(Debug, Clone)]
pub struct Found<T, Cursor> {
    /// What fits.
    pub items: Vec<T>,
    /// How many were looked through, those that fit among them.
    pub scanned: u64,
    /// Where the next page begins; none where nothing is left to look at.
    pub next: Option<Cursor>,
    /// False where the look ended at its bound: the page may be short, or empty, though there is more that fits.
    pub complete: bool,
}

/// How many jobs fit, as far as they were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCount {
    /// Those that fit.
    pub fits: u64,
    /// Those that were looked at.
    pub scanned: u64,
    /// Whether that were all.
    pub complete: bool,
}
