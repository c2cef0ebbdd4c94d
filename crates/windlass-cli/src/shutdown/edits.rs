//! Changes of a file, by looking at it again and again: editors write in place, or put another file there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(250);

/// A file that is watched. What is in it counts, and not when it was written.
#[derive(Debug)]
pub(crate) struct Edits {
    file: PathBuf,
    /// What was in it when it was last said to have changed; none where it could not be read.
    said: Option<Vec<u8>>,
    /// What was in it at the last look.
    seen: Option<Vec<u8>>,
    looks: Interval,
}

impl Edits {
    /// Changes from now on.
    pub(crate) fn of(file: &Path) -> Self {
        let mut looks = interval(EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = fs::read(file).ok();
        Self { file: file.to_owned(), said: now.clone(), seen: now, looks }
    }

    /// Waits until there is something else in the file, and again the same at two looks: it may be half written at the first.
    pub(crate) async fn next(&mut self) {
        loop {
            self.looks.tick().await;
            let now = fs::read(&self.file).ok();
            let is_whole = now == self.seen;
            self.seen = now;
            if is_whole && self.seen != self.said {
                self.said.clone_from(&self.seen);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a change is said within some looks, by a clock that does not wait.
    async fn is_said(edits: &mut Edits) -> bool {
        tokio::time::timeout(EVERY * 4, edits.next()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn another_content_is_said_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("windlass.toml");
        let mut edits = Edits::of(&file);
        assert!(!is_said(&mut edits).await);
        fs::write(&file, "a").expect("written");
        assert!(is_said(&mut edits).await);
        assert!(!is_said(&mut edits).await);
        fs::write(&file, "a").expect("written");
        assert!(!is_said(&mut edits).await, "it is the same");
        fs::remove_file(&file).expect("removed");
        assert!(is_said(&mut edits).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_being_written_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("windlass.toml");
        let mut edits = Edits::of(&file);
        // One look falls into each.
        let between = EVERY - Duration::from_millis(1);
        for part in ["[", "[[", "[[h", "[[ha"] {
            fs::write(&file, part).expect("written");
            assert!(tokio::time::timeout(between, edits.next()).await.is_err(), "{part}");
        }
        assert!(is_said(&mut edits).await);
    }
}
