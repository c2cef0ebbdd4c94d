//! When what running attempts say of their progress is written. No I/O.

use tokio::time::Instant;

use crate::limits::PROGRESS_EVERY;

/// When to write next: soon after something new was said, and not too often.
#[derive(Debug)]
pub(super) struct Accounts {
    /// When to write, where there is something to write.
    due: Option<Instant>,
    not_before: Instant,
    is_under_way: bool,
}

impl Accounts {
    pub(super) fn new(now: Instant) -> Self {
        Self { due: None, not_before: now, is_under_way: false }
    }

    /// Something new was said.
    pub(super) fn heard(&mut self, now: Instant) {
        self.due.get_or_insert(now.max(self.not_before));
    }

    /// When [`Accounts::take_due`] has something.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.filter(|_| !self.is_under_way)
    }

    /// Whether to write now.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let is_due = self.next().is_some_and(|at| at <= now);
        if is_due {
            self.due = None;
            self.not_before = now + PROGRESS_EVERY;
        }
        is_due
    }

    /// It is sent: the next one waits for its answer.
    pub(super) fn sent(&mut self) {
        self.is_under_way = true;
    }

    pub(super) fn answered(&mut self) {
        self.is_under_way = false;
    }

    /// It could not be written: again at this moment.
    pub(super) fn failed(&mut self, again_at: Instant) {
        self.answered();
        self.due = Some(again_at.max(self.not_before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T37: the first word is written at once, all that follow once a second, one call at a time.
    #[test]
    fn progress_is_written_once_a_second() {
        let now = Instant::now();
        let mut accounts = Accounts::new(now);
        assert!(!accounts.take_due(now));
        accounts.heard(now);
        assert!(accounts.take_due(now));
        accounts.sent();
        accounts.heard(now);
        assert_eq!(accounts.next(), None, "one is under way");
        accounts.answered();
        accounts.heard(now);
        assert_eq!(accounts.next(), Some(now + PROGRESS_EVERY));
        assert!(!accounts.take_due(now + PROGRESS_EVERY / 2));
        assert!(accounts.take_due(now + PROGRESS_EVERY));
        accounts.sent();
        accounts.failed(now);
        assert_eq!(accounts.next(), Some(now + PROGRESS_EVERY * 2));
    }
}
