//! What an attempt says of itself: kept in memory, and written by the engine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::AttemptContext;
use crate::json::storable_text;
use crate::limits::{LOG_BYTES, LOG_LINE_BYTES, LOG_LINES, PROGRESS_NOTE_BYTES};
use crate::progress::{Level, NewLogLine, Progress, Report};

/// What an attempt has said so far.
#[derive(Debug, Default)]
pub(super) struct Said {
    progress: Progress,
    /// How many accounts of its progress it has given.
    accounts: u64,
    /// The last of them that was taken to be written.
    taken: u64,
    log: Log,
}

impl Said {
    fn is_new(&self) -> bool {
        self.accounts > self.taken || !self.log.lines.is_empty()
    }
}

/// Its log lines.
#[derive(Debug, Default)]
struct Log {
    /// Those that were not taken to be written.
    lines: Vec<Line>,
    number: u32,
    bytes: usize,
    /// How many were too many.
    dropped: u64,
}

#[derive(Debug)]
struct Line {
    nth: u32,
    at: Instant,
    level: Level,
    text: String,
}

impl Log {
    fn push(&mut self, level: Level, text: &str) {
        let text = storable_text(text, LOG_LINE_BYTES);
        if self.number >= LOG_LINES || self.bytes + text.len() > LOG_BYTES {
            self.dropped += 1;
            return;
        }
        self.bytes += text.len();
        self.add(level, text);
    }

    fn add(&mut self, level: Level, text: String) {
        self.number += 1;
        self.lines.push(Line { nth: self.number, at: Instant::now(), level, text });
    }

    fn take(&mut self) -> Vec<NewLogLine> {
        let lines = std::mem::take(&mut self.lines).into_iter();
        let new =
            |Line { nth, at, level, text }| NewLogLine { nth, age: at.elapsed(), level, text };
        lines.map(new).collect()
    }

    fn put_back(&mut self, lines: Vec<NewLogLine>) {
        let now = Instant::now();
        let again = |NewLogLine { nth, age, level, text }| Line {
            nth,
            at: now.checked_sub(age).unwrap_or(now),
            level,
            text,
        };
        self.lines.splice(..0, lines.into_iter().map(again));
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

    /// Keeps a log line with the job. An attempt has 1,000 lines and 256 KiB of them; what is beyond is counted, and a last line
    /// says how many there were. For what is logged through `tracing` there is a layer, `windlass::log_layer`.
    pub fn log(&self, level: Level, text: &str) {
        self.note(|said| said.log.push(level, text));
    }

    fn say(&self, change: impl FnOnce(&mut Progress)) {
        self.note(|said| {
            change(&mut said.progress);
            said.accounts += 1;
        });
    }

    /// Notes something, and tells the engine where there was nothing new before.
    fn note(&self, change: impl FnOnce(&mut Said)) {
        let mut said = self.said();
        let was_new = said.is_new();
        change(&mut said);
        let is_first = !was_new && said.is_new();
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
        let is_new = said.accounts > said.taken;
        said.taken = said.accounts;
        let progress = is_new.then(|| (said.progress.clone(), said.accounts));
        let lines = said.log.take();
        Some(Report { fence: self.fence(), checkpoint: None, progress, lines })
    }

    /// The same when the attempt has ended: with the number of lines that were too many.
    pub(crate) fn take_last_report(&self) -> Option<Report> {
        let mut said = self.said();
        let dropped = std::mem::take(&mut said.log.dropped);
        if dropped > 0 {
            let text = format!("{dropped} further log lines of this attempt were not kept");
            said.log.add(Level::Warn, text);
        }
        drop(said);
        self.take_report()
    }

    /// What was taken could not be written: it is new again.
    pub(crate) fn put_back(&self, report: Report) {
        let mut said = self.said();
        if let Some((_, account)) = report.progress {
            said.taken = said.taken.min(account - 1);
        }
        said.log.put_back(report.lines);
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How attempts tell the engine that they have said something.
pub(crate) type News = Arc<Notify>;

pub(super) type SaidSoFar = Mutex<Said>;

#[cfg(test)]
mod tests {
    use super::*;

    /// T37: lines are bounded in number and in bytes; what could not be written comes before what came later.
    #[test]
    fn log_lines_are_bounded_and_keep_their_order() {
        let mut log = Log::default();
        for _ in 0..LOG_LINES + 7 {
            log.push(Level::Info, "a");
        }
        assert_eq!((log.lines.len(), log.dropped), (LOG_LINES as usize, 7));
        let mut log = Log::default();
        let long = "x".repeat(LOG_LINE_BYTES * 2);
        while log.dropped == 0 {
            log.push(Level::Info, &long);
        }
        assert!(log.bytes <= LOG_BYTES && log.lines[0].text.len() < LOG_LINE_BYTES + 100);
        let taken = log.take();
        log.add(Level::Warn, "later".to_owned());
        log.put_back(taken);
        let numbers: Vec<_> = log.take().iter().map(|line| line.nth).collect();
        assert!(numbers.is_sorted() && numbers.len() == log.number as usize);
    }
}
