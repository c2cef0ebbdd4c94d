//! What the jobs' outputs come to: made by `report.build`, and made again by the proof.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass::{Job, Json};

use super::kinds::{Squeeze, Words};
use super::measure::{self, Counted, Squeezed};

/// Words named in the report.
const NAMED: usize = 5;

/// The sum of all outputs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) words: u64,
    pub(super) bytes: usize,
    pub(super) squeezed: usize,
    /// The most frequent words.
    pub(super) often: Vec<(String, u64)>,
}

impl Totals {
    /// Adds outputs up, each with its kind.
    ///
    /// # Errors
    /// When one is not what its kind leaves behind.
    pub(super) fn of<'a>(
        outputs: impl Iterator<Item = (&'a str, &'a Json)>,
    ) -> serde_json::Result<Self> {
        let mut totals = Self::default();
        let mut often: BTreeMap<String, u64> = BTreeMap::new();
        for (kind, output) in outputs {
            if kind == Words::KIND {
                let counted: Counted = output.read()?;
                totals.words += counted.words;
                for (word, times) in counted.often {
                    *often.entry(word).or_default() += times;
                }
            } else if kind == Squeeze::KIND {
                let squeezed: Squeezed = output.read()?;
                totals.bytes += squeezed.bytes;
                totals.squeezed += squeezed.squeezed;
            }
        }
        let most = measure::most(&often, NAMED);
        totals.often = most.into_iter().map(|(word, times)| (word.to_owned(), times)).collect();
        Ok(totals)
    }

    /// How much of the size is left after squeezing, in percent.
    pub(super) fn percent(&self) -> usize {
        (100 * self.squeezed).checked_div(self.bytes).unwrap_or(100)
    }

    /// The report as a page.
    pub(super) fn page(&self) -> String {
        let mut page = format!(
            "# Report\n\n{} words in {} bytes, which squeeze to {} bytes ({} %).\n\n| word | times |\n|---|---|\n",
            self.words,
            self.bytes,
            self.squeezed,
            self.percent(),
        );
        for (word, times) in &self.often {
            page.push_str(&format!("| {word} | {times} |\n"));
        }
        page
    }
}
