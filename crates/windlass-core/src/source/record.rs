//! Sources and what was put aside, as they are shown.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ParseWordError, Position};
use crate::json::Json;
use crate::limits::{SOURCE_EVERY, SOURCE_LATE, SOURCE_PAGE_TIME};
use crate::time::{Timestamp, parse_duration};

/// Whether a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It is.
    Running,
    /// A person has paused it.
    Paused,
    /// It has met a gap, and is to stop at those.
    Stopped,
}

impl SourceState {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

impl FromStr for SourceState {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        let all = [Self::Running, Self::Paused, Self::Stopped];
        let known = "running, paused, stopped";
        let error = || ParseWordError { word: word.to_owned(), known };
        all.into_iter().find(|one| one.word() == word).ok_or_else(error)
    }
}

/// A source as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceRecord {
    /// Its name.
    pub name: String,
    /// What is read there and how, as the last program that declared it said.
    pub about: Json,
    /// Whether it is read.
    pub state: SourceState,
    /// Why not.
    pub reason: Option<String>,
    /// Since when the state is so.
    pub changed_at: Timestamp,
    /// How far it was read.
    #[serde(flatten)]
    pub position: Position,
    /// Changes with each holder and each reset.
    pub epoch: u64,
    /// Which worker reads it.
    pub holder: Option<String>,
    /// Until when, unless that worker renews it.
    pub held_until: Option<Timestamp>,
    /// The number of the newest record of the feed, as it said last.
    pub head: Option<u64>,
    /// Events that were published.
    pub imported: u64,
    /// Records that were there before.
    pub repeated: u64,
    /// Records that were put aside and are so still.
    pub quarantined: u64,
    /// Records that were put aside and are not kept any more, since there were too many.
    pub dropped: u64,
    /// Gaps that nobody has closed.
    pub open_gaps: u64,
    /// When a page was imported last.
    pub imported_at: Option<Timestamp>,
    /// When the feed was asked last.
    pub polled_at: Option<Timestamp>,
    /// When it is asked next.
    pub next_at: Option<Timestamp>,
    /// Why it could not be asked last.
    pub error: Option<String>,
    /// When that was.
    pub error_at: Option<Timestamp>,
    /// How often it could not be asked, one after the other.
    pub failures: u32,
}

/// What of `about` says how a source is read.
#[derive(Deserialize)]
struct About {
    options: Told,
}

/// Durations as they are written there.
#[derive(Deserialize)]
struct Told {
    every: String,
    within: String,
}

impl SourceRecord {
    /// Since when its feed should have been asked again, where that is longer ago than the time between two looks: no worker
    /// reads it, or the one that does is stuck.
    #[must_use]
    pub fn overdue_since(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state != SourceState::Running {
            return None;
        }
        let told =
            serde_json::from_str::<About>(self.about.as_str()).ok().map(|about| about.options);
        let span = |text: Option<&str>| text.and_then(|text| parse_duration(text).ok());
        let every = span(told.as_ref().map(|told| &*told.every)).unwrap_or(SOURCE_EVERY);
        // One page may take so long, and who waits for it says nothing meanwhile.
        let within = span(told.as_ref().map(|told| &*told.within)).unwrap_or(SOURCE_PAGE_TIME);
        let is_held = self.held_until.is_some_and(|until| until > now);
        let patience = every.max(if is_held { within } else { SOURCE_LATE });
        let asked_at = self.polled_at.max(self.imported_at).map(|asked_at| asked_at.after(every));
        let due = self.next_at.max(asked_at).max(Some(self.changed_at))?;
        (now.since(due) > patience).then_some(due)
    }
}

/// A record that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuarantineRecord {
    /// Its number here, by which it is named.
    pub id: u64,
    /// Its number in the feed.
    pub number: Option<u64>,
    /// How often the feed had begun again then.
    pub generation: u32,
    /// Why it is not an event.
    pub reason: String,
    /// What the feed gave.
    pub body: String,
    /// Whether there was something else or more, so that it cannot be imported.
    pub is_cut: bool,
    /// When it was put aside.
    pub at: Timestamp,
}
