//! Pages that are opened from the first one: a list of jobs, and one job.

use windlass::job::Filter;
use windlass::{JobId, JobRecord, State};

use super::cursor::Cursor;
use crate::command::top::look::{Explained, PageAnswer, PageQuestion};

/// A page.
#[derive(Debug, Clone)]
pub(in crate::command::top) enum Page {
    Jobs(JobsPage),
    Job(JobPage),
}

/// Jobs that match.
#[derive(Debug, Clone)]
pub(in crate::command::top) struct JobsPage {
    /// What it is opened with.
    pub(super) base: Filter,
    /// What a person has narrowed it by.
    pub(super) more: Filter,
    /// The queue that it is of.
    pub(super) queue: Option<String>,
    pub(super) cursor: Cursor,
    /// None before they are known.
    pub(in crate::command::top) jobs: Option<Vec<JobRecord>>,
    /// Whether there are more, or may be.
    pub(in crate::command::top) or_more: bool,
}

/// One job, explained.
#[derive(Debug, Clone)]
pub(in crate::command::top) struct JobPage {
    pub(in crate::command::top) id: JobId,
    /// The outer one is none before it is known, the inner one where the job is gone.
    pub(in crate::command::top) explained: Option<Option<Explained>>,
    /// Lines that are above the first one shown.
    pub(super) scrolled: usize,
}

impl Page {
    /// Jobs that match.
    pub(super) fn jobs(base: Filter, queue: Option<String>) -> Self {
        Self::Jobs(JobsPage {
            base,
            more: Filter::default(),
            queue,
            cursor: Cursor::default(),
            jobs: None,
            or_more: false,
        })
    }

    /// One job.
    pub(super) const fn job(id: JobId) -> Self {
        Self::Job(JobPage { id, explained: None, scrolled: 0 })
    }

    /// What it asks.
    pub(super) fn question(&self) -> PageQuestion {
        match self {
            Self::Jobs(page) => PageQuestion::Jobs(page.filter()),
            Self::Job(page) => PageQuestion::Job(page.id),
        }
    }

    /// Takes an answer, where it is one to what this page asks now.
    pub(super) fn answered(&mut self, (question, answer): (PageQuestion, PageAnswer)) {
        if self.question() != question {
            return;
        }
        match (self, answer) {
            (Self::Jobs(page), PageAnswer::Jobs { jobs, or_more }) => page.take(jobs, or_more),
            (Self::Job(page), PageAnswer::Job(explained)) => page.explained = Some(explained),
            _ => {}
        }
    }
}

impl JobsPage {
    /// All that its jobs match.
    pub(in crate::command::top) fn filter(&self) -> Filter {
        let terms = self.base.terms.iter().chain(&self.more.terms).cloned().collect();
        Filter { terms }
    }

    /// Narrows it by this instead of what a person has narrowed it by before.
    pub(super) fn narrow(&mut self, more: Filter) {
        self.more = more;
        self.jobs = None;
        self.cursor = Cursor::default();
    }

    pub(in crate::command::top) const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    fn take(&mut self, jobs: Vec<JobRecord>, or_more: bool) {
        self.jobs = Some(jobs);
        self.or_more = or_more;
        self.cursor.follow(&self.keys());
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.jobs.iter().flatten().map(|job| job.id.to_string()).collect()
    }

    /// The job that is selected.
    pub(in crate::command::top) fn selected(&self) -> Option<&JobRecord> {
        self.jobs.as_ref()?.get(self.cursor.at())
    }
}

impl JobPage {
    pub(in crate::command::top) const fn scrolled(&self) -> usize {
        self.scrolled
    }

    /// It cannot be scrolled further than this.
    pub(super) fn fit(&mut self, scrolled: usize) {
        self.scrolled = self.scrolled.min(scrolled);
    }

    /// The job's state, where it is known.
    pub(super) fn state(&self) -> Option<State> {
        Some(self.explained.as_ref()?.as_ref()?.state)
    }
}
