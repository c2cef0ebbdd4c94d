//! Query: which stats are wanted, and in which steps.

use std::time::Duration;

use super::{OTHERS, Resolution, StatsAsk};
use crate::limits::STATS_POINTS;
use crate::name::matches;

/// What one series is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// A queue.
    Queue,
    /// A kind.
    Kind,
    /// All that match.
    #[default]
    All,
}

/// Which stats are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it asks nothing until it is given to a client"]
pub struct StatsQuery {
    pub(super) back: Duration,
    queues: Vec<String>,
    kinds: Vec<String>,
    pub(super) by: By,
}

/// How much time each point of a series is of, and of which rows it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its length.
    pub length: Duration,
    /// The rows.
    pub resolution: Resolution,
}

impl StatsQuery {
    /// Those of the time since so long ago, as one series of all queues and kinds.
    pub fn last(back: Duration) -> Self {
        Self { back, queues: Vec::new(), kinds: Vec::new(), by: By::All }
    }

    /// Of queues that fit this pattern, in which `*` stands for any run of characters, or another one that is given so.
    pub fn queue(mut self, pattern: impl Into<String>) -> Self {
        self.queues.push(pattern.into());
        self
    }

    /// Of kinds that fit this pattern, or another one that is given so.
    pub fn kind(mut self, pattern: impl Into<String>) -> Self {
        self.kinds.push(pattern.into());
        self
    }

    /// A series for each queue, for each kind, or one.
    pub fn by(self, by: By) -> Self {
        Self { by, ..self }
    }

    /// The steps that it is answered in: as short as rows are kept for the time, and as a series has at most
    /// [`STATS_POINTS`] points.
    #[must_use]
    pub fn step(&self) -> Step {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 3_600;
        let seconds = self.back.as_secs().max(1);
        let points = STATS_POINTS as u64 - 1;
        let (resolution, length) = if seconds <= HOUR {
            (Resolution::TenSeconds, 10)
        } else if seconds <= points * MINUTE {
            (Resolution::Minute, MINUTE)
        } else if seconds <= 24 * HOUR {
            (Resolution::Minute, 5 * MINUTE)
        } else if seconds <= points * HOUR {
            (Resolution::Hour, HOUR)
        } else if seconds <= points * 6 * HOUR {
            (Resolution::Hour, 6 * HOUR)
        } else {
            let days = seconds.div_ceil(points).div_ceil(24 * HOUR);
            (Resolution::Hour, days * 24 * HOUR)
        };
        Step { length: Duration::from_secs(length), resolution }
    }

    pub(crate) fn ask(&self) -> StatsAsk {
        let step = self.step();
        // The first point is a whole one.
        StatsAsk::Last(step.resolution, self.back.saturating_add(step.length))
    }

    /// Whether what is counted under this queue and kind is wanted. What is counted with others is of no kind that can be named.
    pub(super) fn wants(&self, queue: &str, kind: &str) -> bool {
        fits(&self.queues, queue) && fits(&self.kinds, kind)
    }

    /// Whether the depth of this queue is wanted: it is of all its kinds.
    pub(super) fn wants_depth(&self, queue: &str) -> bool {
        self.kinds.is_empty() && fits(&self.queues, queue)
    }
}

fn fits(patterns: &[String], name: &str) -> bool {
    let fits = |pattern: &String| pattern == OTHERS || name != OTHERS && matches(pattern, name);
    patterns.is_empty() || patterns.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_no_more_points_than_it_may() {
        for seconds in (1..400 * 86_400).step_by(997) {
            let query = StatsQuery::last(Duration::from_secs(seconds));
            let points =
                Duration::from_secs(seconds).as_secs().div_ceil(query.step().length.as_secs());
            assert!(points < STATS_POINTS as u64, "{seconds} s: {points}");
        }
    }

    #[test]
    fn a_short_time_is_told_in_short_steps() {
        let step =
            |text| StatsQuery::last(crate::time::parse_duration(text).expect("a time")).step();
        let told = ["15m", "1h", "6h", "24h", "7d", "90d"].map(|text| step(text).length.as_secs());
        assert_eq!(told, [10, 10, 60, 300, 3_600, 21_600]);
    }

    #[test]
    fn patterns_choose() {
        let query = StatsQuery::last(Duration::from_secs(60)).queue("mail*").kind("welcome");
        assert!(query.wants("mail/eu", "welcome") && !query.wants("mail", "invoice"));
        assert!(!query.wants("bulk", "welcome") && !query.wants("mail", OTHERS));
        assert!(StatsQuery::last(Duration::from_secs(60)).wants("mail", OTHERS));
    }
}
