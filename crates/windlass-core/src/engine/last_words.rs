//! What an attempt has said when it ends: written together with its settlement, before it.

use std::sync::Arc;

use super::attempt::HandlerExit;
use crate::context::AttemptContext;
use crate::error::StoreError;
use crate::job::{Fence, Fenced};
use crate::progress::{self, Report};
use crate::reply::Now;
use crate::step::{NewStep, Others};
use crate::store::Store;

/// What is written before the settlement of an attempt.
#[derive(Debug, Clone)]
pub(super) struct LastWords {
    fence: Fence,
    steps: Vec<NewStep>,
    report: Option<Report>,
}

impl LastWords {
    /// Those of an attempt that has ended so; `None` where it has none. Who has succeeded needs no steps any more.
    pub(super) fn of(context: &Arc<AttemptContext>, exit: &HandlerExit) -> Option<Box<Self>> {
        let steps = match exit {
            HandlerExit::Value(_) => Vec::new(),
            _ => context.take_unwritten_steps(),
        };
        let report = context.take_last_report();
        if steps.is_empty() && report.is_none() {
            return None;
        }
        Some(Box::new(Self { fence: context.fence(), steps, report }))
    }
}

impl LastWords {
    /// Adds what was said before and could not be written.
    pub(super) fn say_before(&mut self, before: Report) {
        self.report = Some(match self.report.take() {
            None => before,
            Some(mut later) => {
                later.progress = later.progress.or(before.progress);
                later.lines.splice(..0, before.lines);
                later
            }
        });
    }
}

#[cfg(test)]
impl LastWords {
    /// What its log lines say.
    pub(super) fn texts(&self) -> Vec<&str> {
        self.report.iter().flat_map(|report| &report.lines).map(|line| line.text.as_str()).collect()
    }
}

impl From<Report> for LastWords {
    fn from(report: Report) -> Self {
        Self { fence: report.fence.clone(), steps: Vec::new(), report: Some(report) }
    }
}

/// Writes the last words of some attempts. What the store refuses for what is in it is left out, and where a lease is lost or
/// locked the settlement finds that out.
pub(super) async fn write<'w>(
    store: &dyn Store,
    words: impl Iterator<Item = &'w LastWords>,
) -> Result<(), StoreError> {
    let words: Vec<_> = words.collect();
    for one in words.iter().filter(|one| !one.steps.is_empty()) {
        let written = store.record_steps(&one.fence, &one.steps, Others::Stay, Now::Database).await;
        unless_refused(written.map(|answer| vec![answer]))?;
    }
    let reports: Vec<_> = words.iter().filter_map(|one| one.report.clone()).collect();
    if reports.is_empty() {
        return Ok(());
    }
    unless_refused(progress::write_all(store, &reports).await)
}

fn unless_refused(answers: Result<Vec<Fenced>, StoreError>) -> Result<(), StoreError> {
    match answers {
        Err(error) if !error.is_passing() => {
            tracing::warn!(%error, "what attempts said last was refused, and is left out");
            Ok(())
        }
        answers => answers.map(drop),
    }
}
