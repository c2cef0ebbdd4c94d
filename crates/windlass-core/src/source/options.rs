//! How a source is read.

use std::time::Duration;

use serde::Serialize;

use super::OnGap;
use crate::limits::{SOURCE_EVERY, SOURCE_HOLD, SOURCE_PAGE_TIME};

/// What the numbers of a feed's records say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// They rise. A gap is told by the feed.
    #[default]
    Rising,
    /// They rise by one: a number that is not there is a gap.
    Dense,
}

/// How a source is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceOptions {
    /// How long after a look that found nothing the feed is asked again.
    #[serde(serialize_with = "as_text")]
    pub every: Duration,
    /// What is done where the feed has lost records.
    pub on_gap: OnGap,
    /// What its numbers say.
    pub numbers: Numbers,
    /// How long one page may take.
    #[serde(serialize_with = "as_text")]
    pub within: Duration,
    /// How long a worker that says nothing more keeps the source.
    #[serde(serialize_with = "as_text")]
    pub hold: Duration,
}

fn as_text<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{duration:?}"))
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            every: SOURCE_EVERY,
            on_gap: OnGap::default(),
            numbers: Numbers::default(),
            within: SOURCE_PAGE_TIME,
            hold: SOURCE_HOLD,
        }
    }
}

impl SourceOptions {
    /// How long after a look that found nothing the feed is asked again. A feed that waits itself is asked at once.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// What is done where the feed has lost records.
    #[must_use]
    pub fn on_gap(mut self, on_gap: OnGap) -> Self {
        self.on_gap = on_gap;
        self
    }

    /// The numbers of its records rise by one: one that is not there is a gap.
    #[must_use]
    pub fn dense(mut self) -> Self {
        self.numbers = Numbers::Dense;
        self
    }

    /// How long one page may take.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// How long a worker that is killed or frozen keeps the source from others.
    #[must_use]
    pub fn hold(mut self, hold: Duration) -> Self {
        self.hold = hold;
        self
    }
}
