//! The report of a run.

use std::collections::BTreeMap;
use std::fmt;

use windlass_core::source::SourceRecord;
use windlass_core::subscription::Verified;

use super::Fault;
use crate::history::verdict::Verdict;
use crate::history::{History, story};

/// What was done to the store, and what the history checker says.
#[derive(Debug)]
pub struct Report {
    seed: u64,
    injected: BTreeMap<Fault, usize>,
    verdict: Verdict,
    stories: Vec<String>,
    /// What the store itself says of its log.
    verified: Option<Verified>,
    /// How many records the feed has, and how far it was read.
    records: u64,
    source: Option<SourceRecord>,
}

/// Broken cases of each rule whose job's story is told.
const TOLD: usize = 2;

impl Report {
    pub(super) fn on(history: &History, seed: u64, injected: BTreeMap<Fault, usize>) -> Self {
        let verdict = Verdict::on(history);
        let rules = verdict.broken.chunk_by(|one, next| rule(one) == rule(next));
        let cases = rules.flat_map(|cases| cases.iter().take(TOLD));
        let stories = cases.flat_map(|case| told(history, case)).collect();
        let (verified, records, source) = (None, 0, None);
        Self { seed, injected, verdict, stories, verified, records, source }
    }

    /// With what a look at the whole log has found.
    pub(super) fn verified(self, verified: Verified) -> Self {
        Self { verified: Some(verified), ..self }
    }

    /// With what came of a feed of so many records.
    pub(super) fn read(self, records: u64, source: Option<SourceRecord>) -> Self {
        Self { records, source, ..self }
    }

    /// Whether each record of the feed is an event, and was written once.
    fn is_read(&self) -> bool {
        let all = (Some(self.records), self.records, 0);
        let read = |one: &SourceRecord| (one.position.number, one.imported, one.repeated) == all;
        self.source.as_ref().is_some_and(read)
    }

    /// Whether every invariant holds and every acknowledged job is there.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let is_whole = self.verified.as_ref().is_some_and(Verified::is_whole);
        self.verdict.is_clean() && self.verdict.visible == 0 && is_whole && self.is_read()
    }

    /// The numbers.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for (fault, number) in &self.injected {
            writeln!(f, "{number:>6}  {fault}")?;
        }
        writeln!(f, "{}", self.verdict)?;
        for one in self.verified.iter().flat_map(|verified| &verified.subscriptions) {
            let (wanted, found, missed) = (one.wanted, one.found, one.missed);
            writeln!(f, "{:>6}  {} wanted {wanted} missed {missed}", found, one.name)?;
        }
        if let Some(one) = &self.source {
            let (read, holders) = (one.imported, one.epoch);
            let records = self.records;
            writeln!(
                f,
                "{read:>6}  of {records} records of a feed were read, {holders} times by another worker"
            )?;
        }
        for case in &self.verdict.broken {
            writeln!(f, "broken  {case}")?;
        }
        for line in &self.stories {
            writeln!(f, "{line}")?;
        }
        write!(f, "{}", if self.is_clean() { "clean" } else { "NOT CLEAN" })
    }
}

/// The rule that a case breaks.
fn rule(case: &str) -> &str {
    case.split(':').next().unwrap_or(case)
}

/// The case, and the story of the job that it names.
fn told(history: &History, case: &str) -> Vec<String> {
    let job = case.split([':', ' ']).find_map(|word| word.parse().ok());
    let story = job.map(|job| story::of(history, job)).unwrap_or_default();
    let lines = story.into_iter().map(|line| format!("        {line}"));
    std::iter::once(case.to_owned()).chain(lines).collect()
}
