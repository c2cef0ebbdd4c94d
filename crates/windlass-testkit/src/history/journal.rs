//! The file into which one process writes what happened.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::record::{Event, Record};
use crate::fault::clock;

/// How the names of such files end.
pub(super) const ENDING: &str = "history";

/// A file of records. Each is one write, so that a killed process leaves whole lines behind.
#[derive(Debug)]
pub struct Journal {
    file: File,
    process: u32,
    calls: AtomicU64,
}

impl Journal {
    /// This process's file in the folder.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let process = std::process::id();
        let path = folder.join(format!("{process}.{ENDING}"));
        let file = File::options().create(true).append(true).open(path);
        let file = file.expect("the records' folder can be written");
        Self { file, process, calls: AtomicU64::new(0) }
    }

    /// Writes down what happens now.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn note(&self, event: Event) {
        let record = Record { at: clock::now(), process: self.process, event };
        let mut line = serde_json::to_string(&record).expect("a record is JSON");
        line.push('\n');
        (&self.file).write_all(line.as_bytes()).expect("a record can be written");
    }

    /// A number for a call that no other call in this process has.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }
}
