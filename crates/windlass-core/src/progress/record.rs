//! Progress as it is written and read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::Fence;
use crate::json::Json;
use crate::time::Timestamp;

/// How far an attempt is, by its own account.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Progress {
    /// From 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// What it does now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many parts are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// How many parts there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// What one attempt says of itself in one call. What it leaves out stays as it is.
#[derive(Debug, Clone)]
pub struct Report {
    /// The attempt.
    pub fence: Fence,
    /// Where a later attempt goes on.
    pub checkpoint: Option<Json>,
    /// How far it is, and the number of this account within the attempt: an older one does not replace a newer one.
    pub progress: Option<(Progress, u64)>,
    /// Its new log lines.
    pub lines: Vec<NewLogLine>,
}

impl Report {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checkpoint.is_none() && self.progress.is_none() && self.lines.is_empty()
    }

    /// Bytes of what it says, about.
    pub(super) fn bytes(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| line.text.len() + 16).sum();
        lines + self.checkpoint.as_ref().map_or(0, |data| data.as_str().len()) + 512
    }
}

/// A log line that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogLine {
    /// Its number within the attempt, from 1.
    pub nth: u32,
    /// How long ago it was said.
    pub age: Duration,
    /// How grave it is.
    pub level: Level,
    /// What it says.
    pub text: String,
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For a person who follows every move.
    Trace = 0,
    /// For a person who looks for a fault.
    Debug = 1,
    /// What usually happens.
    Info = 2,
    /// What should not happen, and does no harm.
    Warn = 3,
    /// What went wrong.
    Error = 4,
}

impl Level {
    /// Every level, the least grave first.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The level with this number.
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|level| *level as i16 == code)
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProgressRecord {
    /// Where an attempt goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Json>,
    /// When that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_at: Option<Timestamp>,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
    /// The attempt that said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A log line as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The attempt that said it.
    pub attempt: u32,
    /// Its number within the attempt, from 1.
    pub nth: u32,
    /// When it was said.
    pub at: Timestamp,
    /// How grave it is.
    pub level: Level,
    /// What it says.
    pub text: String,
}
