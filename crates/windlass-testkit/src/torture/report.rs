//! The report of a run.

use std::collections::BTreeMap;
use std::fmt;

use super::Fault;
use crate::history::History;
use crate::history::verdict::Verdict;

/// What was done to the store, and what the history checker says.
#[derive(Debug)]
pub struct Report {
    seed: u64,
    injected: BTreeMap<Fault, usize>,
    verdict: Verdict,
}

impl Report {
    pub(super) fn on(history: &History, seed: u64, injected: BTreeMap<Fault, usize>) -> Self {
        Self { seed, injected, verdict: Verdict::on(history) }
    }

    /// Whether every invariant holds and every acknowledged job is there.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.verdict.is_clean() && self.verdict.visible == 0
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
        for case in &self.verdict.broken {
            writeln!(f, "broken  {case}")?;
        }
        write!(f, "{}", if self.is_clean() { "clean" } else { "NOT CLEAN" })
    }
}
