//! What an attempt says of itself: kept in memory, and written by the engine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::AttemptContext;
use crate::json::storable_text;
use crate::limits::PROGRESS_NOTE_BYTES;
use crate::progress::{Progress, Report};

/// What an attempt has said so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    progress: Progress,
    /// How many accounts of its progress it has given.
    accounts: u64,
    /// The last of them that was taken to be written.
    taken: u64,
}

impl Said {
    fn is_new(&self) -> bool {
        self.accounts > self.taken
    }
}

/// Progress. It costs nothing to say it often: it is written once a second at most, and the last word in any case, together
/// with the attempt's end.
impl AttemptContext {
    /// Says how far the work is, from 0 to 100, and what it does now.
    pub fn progress(&self, percent: impl Into<f64>, note: &str) {
        let percent = percent.into();
        let note = storable_text(note, PROGRESS_NOTE_BYTES);
        self.say(|progress| {
            progress.percent = percent.is_finite().then(|| percent.clamp(0.0, 100.0));
            progress.note = Some(note).filter(|note| !note.is_empty());
        });
    }

    /// Says how many parts of the work are done, and how many there are.
    pub fn progress_count(&self, done: u64, total: u64) {
        self.say(|progress| {
            progress.done = Some(done);
            progress.total = Some(total);
        });
    }

    fn say(&self, change: impl FnOnce(&mut Progress)) {
        let mut said = self.said();
        change(&mut said.progress);
        let is_first = !said.is_new();
        said.accounts += 1;
        drop(said);
        if is_first {
            self.news.notify_one();
        }
    }

    /// What it has said and was not written yet, to be written now; `None` where there is nothing.
    pub(crate) fn take_report(&self) -> Option<Report> {
        let mut said = self.said();
        if !said.is_new() {
            return None;
        }
        said.taken = said.accounts;
        let progress = Some((said.progress.clone(), said.accounts));
        Some(Report { fence: self.fence(), checkpoint: None, progress, lines: Vec::new() })
    }

    /// What was taken could not be written: it is new again.
    pub(crate) fn put_back(&self, report: Report) {
        let mut said = self.said();
        if let Some((_, account)) = report.progress {
            said.taken = said.taken.min(account - 1);
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How attempts tell the engine that they have said something.
pub(crate) type News = Arc<Notify>;

pub(super) type SaidSoFar = Mutex<Said>;
