//! Lines and a progress line below them, on one terminal without tearing each other.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::globals::Globals;

const TICK: Duration = Duration::from_millis(250);

/// Where a worker prints. Clones print to the same place.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    /// The progress line; only on a terminal and for a person.
    bar: Option<ProgressBar>,
}

impl Screen {
    /// Lines alone.
    pub(crate) fn without_progress() -> Self {
        Self { bar: None }
    }

    pub(super) fn new(globals: &Globals) -> Self {
        let wanted = !globals.json && io::stderr().is_terminal() && io::stdout().is_terminal();
        let bar = wanted.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner:.blue} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar }
    }

    /// Shows this as the progress line.
    pub(super) fn progress(&self, text: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.enable_steady_tick(TICK);
            bar.set_message(text());
        }
    }

    /// Takes the progress line away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Prints a line to stdout.
    pub(crate) fn result(&self, line: &str) {
        self.write(io::stdout(), format!("{line}\n").as_bytes());
    }

    /// Prints a line to stderr.
    pub(super) fn remark(&self, line: &str) {
        self.write(io::stderr(), format!("{line}\n").as_bytes());
    }

    fn write(&self, mut to: impl Write, bytes: &[u8]) {
        // Work does not end because nobody reads about it any more.
        let mut write = || {
            let _ = to.write_all(bytes).and_then(|()| to.flush());
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// One log event, written as a whole.
#[derive(Debug)]
pub(crate) struct LogLine {
    screen: Screen,
    bytes: Vec<u8>,
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        self.screen.write(io::stderr(), &self.bytes);
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Screen {
    type Writer = LogLine;

    fn make_writer(&'a self) -> LogLine {
        LogLine { screen: self.clone(), bytes: Vec::new() }
    }
}
