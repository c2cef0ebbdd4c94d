//! Lines that change in place: kinds, workers, and the story below them.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The part of the terminal that moves.
#[derive(Debug)]
pub(super) struct Live {
    all: MultiProgress,
    kinds: Vec<ProgressBar>,
    workers: Vec<ProgressBar>,
    /// The empty line between workers and story: new workers go above it.
    gap: Option<ProgressBar>,
    /// Lines that do not change any more. A line that is dropped would vanish.
    fixed: Vec<ProgressBar>,
}

impl Live {
    pub(super) fn new() -> Self {
        let (kinds, workers, fixed) = (Vec::new(), Vec::new(), Vec::new());
        Self { all: MultiProgress::new(), kinds, workers, gap: None, fixed }
    }

    /// Makes room for this many kinds.
    pub(super) fn begin(&mut self, kinds: usize) {
        self.kinds = (0..kinds).map(|_| self.all.add(line())).collect();
        self.story(String::new());
        self.story(String::new());
        self.gap = self.fixed.last().cloned();
    }

    /// Makes room for one more worker.
    pub(super) fn worker(&mut self) {
        let worker = match &self.gap {
            Some(gap) => self.all.insert_before(gap, line()),
            None => self.all.add(line()),
        };
        self.workers.push(worker);
    }

    pub(super) fn set_kind(&self, nth: usize, text: String) {
        if let Some(line) = self.kinds.get(nth) {
            line.set_message(text);
        }
    }

    pub(super) fn set_worker(&self, nth: usize, text: String) {
        if let Some(line) = self.workers.get(nth) {
            line.set_message(text);
        }
    }

    pub(super) fn story(&mut self, text: String) {
        let line = self.all.add(line());
        line.set_message(text);
        self.fixed.push(line);
    }

    /// Leaves everything as it is on the screen.
    pub(super) fn end(&self) {
        for line in self.kinds.iter().chain(&self.workers).chain(&self.fixed) {
            line.abandon();
        }
        // Otherwise lines would be drawn again when they are dropped, below what follows.
        self.all.set_draw_target(ProgressDrawTarget::hidden());
    }
}

fn line() -> ProgressBar {
    let line = ProgressBar::new(1);
    // Cut at the terminal's width: a line that wraps would be drawn over.
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        line.set_style(style);
    }
    line
}
