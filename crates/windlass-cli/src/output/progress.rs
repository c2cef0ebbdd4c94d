//! Progress on stderr: only on a terminal, only of what takes longer than half a second.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const PATIENCE: Duration = Duration::from_millis(500);

/// How far something has come.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    begun_at: Instant,
    terminal: bool,
}

impl Progress {
    /// Something of a known length begins.
    pub(crate) fn begin(what: &'static str, length: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, begun_at: Instant::now(), terminal: io::stderr().is_terminal() }
    }

    /// This much more is done.
    pub(crate) fn advance(&self, by: u64) {
        if self.terminal && self.bar.is_hidden() && self.begun_at.elapsed() >= PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(by);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
