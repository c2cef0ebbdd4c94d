//! Rows: what stores keep, and what they are asked for.

use std::time::Duration;

use uuid::Uuid;

use super::{Counts, Depth, DepthRow};
use crate::limits::{KEEP_STATS, KEEP_STATS_DAY, KEEP_STATS_HOUR, STATS_EVERY};
use crate::time::{Timestamp, micros};

/// How much time a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// Ten seconds.
    TenSeconds,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Resolution {
    /// All of them, the finest first.
    pub const ALL: [Self; 3] = [Self::TenSeconds, Self::Minute, Self::Hour];

    /// Its length.
    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::TenSeconds => STATS_EVERY.as_secs(),
            Self::Minute => 60,
            Self::Hour => 3_600,
        })
    }

    /// The number that stores keep of it: its seconds.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        match self {
            Self::TenSeconds => STATS_EVERY.as_secs() as i32,
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// The one with so many seconds.
    #[must_use]
    pub fn of_seconds(seconds: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.seconds() == seconds)
    }

    /// When the row begins that a moment is in.
    #[must_use]
    pub fn start_of(self, moment: Timestamp) -> Timestamp {
        start(moment, self.length())
    }
}

/// When the time of this length begins that a moment is in.
pub(super) fn start(moment: Timestamp, length: Duration) -> Timestamp {
    let length = micros(length).max(1);
    Timestamp::from_micros(moment.as_micros().div_euclid(length) * length)
}

/// How long rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Those of an hour.
    pub hours: Duration,
}

impl Default for Kept {
    fn default() -> Self {
        Self { hours: KEEP_STATS }
    }
}

impl Kept {
    /// How long rows of a resolution are kept.
    #[must_use]
    pub fn of(self, resolution: Resolution) -> Duration {
        match resolution {
            Resolution::TenSeconds => KEEP_STATS_HOUR,
            Resolution::Minute => KEEP_STATS_DAY,
            Resolution::Hour => self.hours,
        }
    }

    /// The earliest moments that rows are kept of, each with its resolution.
    #[must_use]
    pub fn before(self, at: Timestamp) -> [(Resolution, Timestamp); 3] {
        let before = |resolution| {
            let earliest = at.as_micros().saturating_sub(micros(self.of(resolution)));
            (resolution, Timestamp::from_micros(earliest))
        };
        Resolution::ALL.map(before)
    }
}

/// What jobs of a queue and a kind did in the time of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRow {
    /// How much time it is of.
    pub resolution: Resolution,
    /// When that begins.
    pub start: Timestamp,
    /// The queue; [`OTHERS`](super::OTHERS) of all beyond the limit.
    pub queue: String,
    /// The kind; [`OTHERS`](super::OTHERS) of all of this queue beyond the limit.
    pub kind: String,
    /// What they did.
    pub counts: Counts,
}

/// A part that waits to be folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSeen {
    /// Its id.
    pub id: Uuid,
    /// What was counted, as [`StatsPart`](super::StatsPart) has written it.
    pub body: String,
}

/// The parts that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsSeen {
    /// The database's clock.
    pub at: Timestamp,
    /// How often was folded.
    pub round: u64,
    /// The parts, the oldest first.
    pub parts: Vec<PartSeen>,
    /// Whether rows are older than they are kept.
    pub prunes: bool,
    /// How long queues are now; those without jobs are left out.
    pub depths: Vec<(String, Depth)>,
}

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatsAsk {
    /// Those of a resolution that begin at these moments, or none does.
    Starts(Vec<(Resolution, Timestamp)>),
    /// Those of a resolution whose time is over after so long ago.
    Last(Resolution, Duration),
}

/// Rows, by their beginnings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRows {
    /// The database's clock.
    pub at: Timestamp,
    /// What jobs did.
    pub rows: Vec<StatsRow>,
    /// How long queues were; not asked for where beginnings are named.
    pub depths: Vec<DepthRow>,
}

/// What is written at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The round that was seen.
    pub round: u64,
    /// The parts that are in the rows.
    pub parts: Vec<Uuid>,
    /// Rows as they are from now on.
    pub rows: Vec<StatsRow>,
    /// How long queues were: the longest of each time is kept.
    pub depths: Vec<DepthRow>,
    /// What begins before these moments is removed, as much as one round does.
    pub before: [(Resolution, Timestamp); 3],
}
