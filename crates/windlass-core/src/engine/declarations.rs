//! When to say which schedules this program declares: once, and again until it is written. No I/O.

use std::sync::Arc;

use tokio::time::Instant;

use crate::schedule::Declared;

/// What is declared and not yet written.
#[derive(Debug)]
pub(super) struct Declarations {
    /// Empty once it is written.
    declared: Arc<[Declared]>,
    at: Instant,
    is_under_way: bool,
}

impl Declarations {
    pub(super) fn new(now: Instant, declared: Vec<Declared>) -> Self {
        Self { declared: declared.into(), at: now, is_under_way: false }
    }

    /// When [`Declarations::due`] has something to send.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.is_under_way && !self.declared.is_empty()).then_some(self.at)
    }

    /// What to send now; it is then under way.
    pub(super) fn due(&mut self, now: Instant) -> Option<Arc<[Declared]>> {
        self.next().filter(|at| *at <= now)?;
        self.is_under_way = true;
        Some(Arc::clone(&self.declared))
    }

    /// The store works again.
    pub(super) fn by(&mut self, moment: Instant) {
        self.at = self.at.min(moment);
    }

    pub(super) fn written(&mut self) {
        self.is_under_way = false;
        self.declared = Arc::default();
    }

    pub(super) fn failed(&mut self, again_at: Instant) {
        self.is_under_way = false;
        self.at = again_at;
    }
}
