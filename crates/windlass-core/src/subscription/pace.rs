//! Pace: how many jobs a second one that catches up gets. No I/O.
//!
//! Who feeds holds a bucket for each, which is full at first: another leader begins with one second's worth, and nothing of it is
//! stored.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::time::Instant;

use super::{Slice, SubscriptionRecord};
use crate::store::Now;

const SECOND: u64 = 1_000_000;

/// Of a second's worth one part at a time: fewer would be a transaction for each job.
const PARTS: u64 = 10;

/// At most so many jobs in a time, and of those a second's worth at once: `100/s`, `30/m`, `500/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    jobs: NonZeroU32,
    per: Per,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
    Hour,
}

impl Pace {
    /// At most so many a second.
    #[must_use]
    pub const fn per_second(jobs: NonZeroU32) -> Self {
        Self { jobs, per: Per::Second }
    }

    /// At most so many a minute.
    #[must_use]
    pub const fn per_minute(jobs: NonZeroU32) -> Self {
        Self { jobs, per: Per::Minute }
    }

    /// At most so many an hour.
    #[must_use]
    pub const fn per_hour(jobs: NonZeroU32) -> Self {
        Self { jobs, per: Per::Hour }
    }

    /// How many in a second, rounded down.
    #[must_use]
    pub fn in_a_second(self) -> u64 {
        self.jobs() * SECOND / self.micros()
    }

    /// How long so many take.
    #[must_use]
    pub fn time_of(self, jobs: u64) -> Duration {
        Duration::from_micros(self.micros().saturating_mul(jobs) / self.jobs())
    }

    const fn micros(self) -> u64 {
        match self.per {
            Per::Second => SECOND,
            Per::Minute => 60 * SECOND,
            Per::Hour => 3_600 * SECOND,
        }
    }

    fn jobs(self) -> u64 {
        self.jobs.get().into()
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => 's',
            Per::Minute => 'm',
            Per::Hour => 'h',
        };
        write!(f, "{}/{per}", self.jobs)
    }
}

/// A text that is not a [`Pace`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a pace: expected 100/s, 30/m or 500/h", .0.escape_debug())]
pub struct ParsePaceError(String);

impl FromStr for Pace {
    type Err = ParsePaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParsePaceError(text.to_owned());
        let (jobs, per) = text.split_once('/').ok_or_else(refused)?;
        let per = match per {
            "s" => Per::Second,
            "m" => Per::Minute,
            "h" => Per::Hour,
            _ => return Err(refused()),
        };
        Ok(Self { jobs: jobs.parse().map_err(|_| refused())?, per })
    }
}

impl Serialize for Pace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What each that has a pace may get at once, by its number.
#[derive(Debug)]
pub(super) struct Pacing {
    buckets: HashMap<u32, Bucket>,
    begun: Instant,
    is_off: bool,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { buckets: HashMap::new(), begun: Instant::now(), is_off: false }
    }
}

impl Pacing {
    /// Nobody has a pace: for tests of applications, which run all there is.
    pub(super) fn off() -> Self {
        Self { is_off: true, ..Self::default() }
    }

    /// How many jobs may be written now; none while it is less than a part of a second's worth.
    pub(super) fn room(&mut self, one: &SubscriptionRecord, now: Now) -> u64 {
        let Some(pace) = one.definition.pace.filter(|_| !self.is_off) else { return u64::MAX };
        let at = self.moment(now);
        let bucket = self.buckets.entry(one.number).or_insert_with(|| Bucket::full(pace, at));
        if bucket.pace != pace {
            *bucket = Bucket::full(pace, at);
        }
        bucket.room(at)
    }

    /// What was written.
    pub(super) fn written(&mut self, slice: &Slice) {
        let bucket = slice.number.and_then(|number| self.buckets.get_mut(&number));
        if let Some(bucket) = bucket {
            bucket.take((slice.jobs.len() + slice.waiting) as u64);
        }
    }

    /// It is live now, or over.
    pub(super) fn forget(&mut self, number: Option<u32>) {
        if let Some(number) = number {
            self.buckets.remove(&number);
        }
    }

    /// Microseconds from whatever moment: where the database's clock counts, this process's, which nobody turns back, runs as fast.
    fn moment(&self, now: Now) -> u64 {
        let given = now.micros().map(|micros| u64::try_from(micros).unwrap_or_default());
        let elapsed = || u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        given.unwrap_or_else(elapsed)
    }
}

/// What may be written. In a microsecond come as many units as the pace has jobs, and a job takes as many as its time has
/// microseconds.
#[derive(Debug)]
struct Bucket {
    pace: Pace,
    units: u64,
    at: u64,
}

impl Bucket {
    const fn full(pace: Pace, at: u64) -> Self {
        Self { pace, units: u64::MAX, at }
    }

    fn room(&mut self, at: u64) -> u64 {
        let come = at.saturating_sub(self.at).saturating_mul(self.pace.jobs());
        let job = self.pace.micros();
        let most = (SECOND * self.pace.jobs()).max(job);
        self.units = self.units.saturating_add(come).min(most);
        self.at = at;
        let part = (most / job / PARTS).max(1);
        Some(self.units / job).filter(|room| *room >= part).unwrap_or_default()
    }

    fn take(&mut self, jobs: u64) {
        self.units = self.units.saturating_sub(jobs.saturating_mul(self.pace.micros()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(text: &str) -> Pace {
        text.parse().expect("a pace")
    }

    #[test]
    fn a_pace_is_read_as_it_is_written() {
        for text in ["1/s", "30/m", "4294967295/h"] {
            assert_eq!(pace(text).to_string(), text);
        }
        for text in ["", "100", "0/s", "1/d", "-1/s", "1.5/s", "4294967296/s"] {
            let refused = text.parse::<Pace>().expect_err(text).to_string();
            assert!(refused.contains("expected 100/s"), "{refused}");
        }
    }

    #[test]
    fn a_second_has_its_jobs_and_no_more_however_often_one_asks() {
        let mut bucket = Bucket::full(pace("100/s"), 0);
        let mut written = 0;
        for at in (0..=3 * SECOND).step_by(7_001) {
            let room = bucket.room(at);
            assert!(room == 0 || room >= 10, "{room}");
            bucket.take(room);
            written += room;
            assert!(written <= 100 + at * 100 / SECOND, "{written} at {at}");
        }
        assert!(written >= 385, "{written}");
    }

    #[test]
    fn one_a_minute_is_one_and_what_was_left_is_not_kept() {
        let mut bucket = Bucket::full(pace("1/m"), 0);
        assert_eq!(bucket.room(0), 1);
        bucket.take(1);
        assert_eq!(bucket.room(59 * SECOND), 0);
        assert_eq!(bucket.room(60 * SECOND), 1);
        assert_eq!(bucket.room(3_600 * SECOND), 1);
        let mut bucket = Bucket::full(pace("4294967295/s"), 0);
        assert_eq!(bucket.room(u64::MAX), 4_294_967_295);
    }
}
