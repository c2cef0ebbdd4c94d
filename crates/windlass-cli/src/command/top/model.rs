//! What `top` shows and what it does next: state, keys and looks, without a terminal and without a store.

mod cursor;
mod dialog;
mod key;
mod page;
mod press;

#[cfg(test)]
mod tests;

use std::time::Duration;

use windlass::Timestamp;
use windlass::health::Thresholds;
use windlass::job::Filter;

pub(super) use cursor::Cursor;
pub(super) use dialog::{Change, Dialog, Input};
pub(super) use key::Key;
pub(super) use page::{JobPage, JobsPage, Page};

use super::look::{Look, Question};
use super::pace::Pace;
use super::picture::Picture;
use crate::output::color::Tone;

/// All there is to show.
#[derive(Debug)]
pub(super) struct Model {
    /// The store's address, without its password.
    pub(super) store: String,
    /// What the first page is narrowed by.
    pub(super) filter: Filter,
    /// None before the first look.
    pub(super) picture: Option<Picture>,
    pub(super) focus: Pane,
    cursors: [Cursor; 4],
    /// Pages that are open, each above the one before it.
    pages: Vec<Page>,
    pub(super) dialog: Option<Dialog>,
    /// What is said until the next key.
    pub(super) said: Option<(Tone, String)>,
    /// Why the store cannot be asked, and since when.
    pub(super) lost: Option<(String, Timestamp)>,
    /// When the picture was taken, and what time it is, by this machine's clock.
    taken_at: Timestamp,
    now: Timestamp,
    pace: Pace,
    /// Rows that a page of the terminal has: how far a page key goes.
    rows: usize,
}

/// What a drawing has found out of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fit {
    /// Rows of the list that is in focus.
    pub(super) rows: usize,
    /// How far the text can be scrolled.
    pub(super) scrolled: usize,
}

/// A part of the first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Problems,
    Queues,
    Running,
    Workers,
}

impl Pane {
    /// In the order in which they are shown.
    pub(super) const ALL: [Self; 4] = [Self::Problems, Self::Queues, Self::Running, Self::Workers];

    /// Its place among them.
    pub(super) const fn place(self) -> usize {
        self as usize
    }
}

/// What is to be done after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// To draw.
    Nothing,
    /// To look at once: what is asked has changed.
    Look,
    /// To change something.
    Change(Change),
    /// To stop until the shell goes on.
    Stop,
    End,
}

impl Model {
    pub(super) fn new(store: String, filter: Filter) -> Self {
        let start = Timestamp::from_micros(0);
        Self {
            store,
            filter,
            picture: None,
            focus: Pane::Queues,
            cursors: Default::default(),
            pages: Vec::new(),
            dialog: None,
            said: None,
            lost: None,
            taken_at: start,
            now: start,
            pace: Pace::default(),
            rows: 10,
        }
    }

    /// What the next look is to ask.
    pub(super) fn question(&self) -> Question {
        let page = self.pages.last().map(Page::question);
        Question { filter: self.filter.clone(), page }
    }

    /// The page above all others; none where that is the first one.
    pub(super) fn page(&self) -> Option<&Page> {
        self.pages.last()
    }

    pub(super) const fn cursor(&self, pane: Pane) -> &Cursor {
        &self.cursors[pane.place()]
    }

    /// Takes in what a look has seen.
    pub(super) fn saw(&mut self, look: Look, thresholds: &Thresholds) {
        let started = look.running.iter().chain(&look.started);
        self.pace.add(look.facts.now, &look.overview.counts, started);
        let picture = Picture::of(&look, &self.pace, (&self.filter, thresholds));
        self.picture = Some(picture);
        self.lost = None;
        self.taken_at = self.now;
        for pane in Pane::ALL {
            let keys = self.keys(pane);
            self.cursors[pane.place()].follow(&keys);
        }
        if let (Some(page), Some(answer)) = (self.pages.last_mut(), look.page) {
            page.answered(answer);
        }
    }

    /// A look has failed: the last picture stays.
    pub(super) fn failed(&mut self, why: String) {
        let since = self.lost.take().map_or(self.now, |(_, since)| since);
        self.lost = Some((why, since));
    }

    /// What time it is, by this machine's clock.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// How old the picture is.
    pub(super) fn age(&self) -> Duration {
        self.now.since(self.taken_at)
    }

    /// How long the store could not be asked, and why.
    pub(super) fn lost_for(&self) -> Option<(Duration, &str)> {
        self.lost.as_ref().map(|(why, since)| (self.now.since(*since), why.as_str()))
    }

    /// What was drawn fits so.
    pub(super) fn fit(&mut self, fit: Fit) {
        self.rows = fit.rows;
        if let Some(Page::Job(page)) = self.pages.last_mut() {
            page.fit(fit.scrolled);
        }
    }

    /// Something was changed, or was not.
    pub(super) fn say(&mut self, tone: Tone, what: impl Into<String>) {
        self.said = Some((tone, what.into()));
    }

    /// What names the rows of a pane.
    fn keys(&self, pane: Pane) -> Vec<String> {
        let Some(picture) = &self.picture else { return Vec::new() };
        match pane {
            // The text of a problem has times that go on.
            Pane::Problems => {
                let name =
                    |one: &super::picture::Trouble| format!("{} {:?}", one.aspect, one.about);
                picture.problems.iter().map(name).collect()
            }
            Pane::Queues => picture.queues.iter().map(|queue| queue.record.name.clone()).collect(),
            Pane::Running => picture.running.iter().map(|row| row.job.to_string()).collect(),
            Pane::Workers => picture.workers.iter().map(|worker| worker.id.to_string()).collect(),
        }
    }
}
