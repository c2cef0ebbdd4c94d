//! Modes: whether each event becomes a job of its own, or several together.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::limits::{LONGEST_WINDOW, SHORTEST_WINDOW, WINDOW_EVENTS};
use crate::schedule::{Timetable, UTC};
use crate::time::{Timestamp, written};

/// Whether each event becomes a job of its own, or those that come within a time do together: of a subscription with a lane, those
/// with the same key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mode {
    /// Each event becomes a job.
    #[default]
    Each,
    /// So many events become one job, or what has come in so long since the first of them. The job's args are an array of CloudEvents.
    Batch {
        /// The most events of one job.
        most: NonZeroU32,
        /// How long the first of them waits for the others at most.
        #[serde(rename = "within_us", with = "as_micros")]
        within: Duration,
    },
    /// What has come by a moment becomes one job, at most 1,000 events. The job's args are an array of CloudEvents.
    Digest {
        /// When: a cron line, or `every 1h`, which is counted from the first event.
        rule: String,
        /// The zone of a cron line.
        #[serde(default = "utc")]
        zone: String,
    },
    /// Of the events that have come in so long since the first of them only the last becomes a job, as if it had come alone.
    Latest {
        /// How long.
        #[serde(rename = "within_us", with = "as_micros")]
        within: Duration,
    },
}

impl Mode {
    /// So many events become one job, or what has come in so long since the first of them.
    #[must_use]
    pub const fn batch(most: NonZeroU32, within: Duration) -> Self {
        Self::Batch { most, within }
    }

    /// What has come by a moment becomes one job: a cron line, or `every 1h`, and a zone.
    #[must_use]
    pub fn digest(rule: impl Into<String>, zone: impl Into<String>) -> Self {
        Self::Digest { rule: rule.into(), zone: zone.into() }
    }

    /// Of the events that have come in so long only the last becomes a job.
    #[must_use]
    pub const fn latest(within: Duration) -> Self {
        Self::Latest { within }
    }

    /// Whether each event becomes a job of its own.
    #[must_use]
    pub fn is_each(&self) -> bool {
        *self == Self::Each
    }

    /// The most events that wait for each other; none where only the last one counts.
    pub(super) fn most(&self) -> Option<usize> {
        match self {
            Self::Each => Some(1),
            Self::Batch { most, .. } => Some(usize::try_from(most.get()).unwrap_or(WINDOW_EVENTS)),
            Self::Digest { .. } => Some(WINDOW_EVENTS),
            Self::Latest { .. } => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        let wrong = |reason: String| Err(Refusal::Mode { reason });
        match self {
            Self::Each => Ok(()),
            Self::Digest { rule, zone } => {
                let timetable = Timetable::parse(rule, zone);
                let timetable =
                    timetable.map_err(|error| Refusal::Mode { reason: error.to_string() })?;
                match timetable.next(Timestamp::wall_clock(), Timestamp::wall_clock()) {
                    Some(_) => Ok(()),
                    None => wrong(format!("no date fits the cron line `{rule}`")),
                }
            }
            Self::Batch { most, .. } if most.get() as usize > WINDOW_EVENTS => {
                wrong(format!("{most} events are above the limit of {WINDOW_EVENTS} of a job"))
            }
            Self::Batch { within, .. } | Self::Latest { within } => {
                match (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(within) {
                    true => Ok(()),
                    false => wrong(format!(
                        "{} is not between a millisecond and 31 days",
                        written(*within)
                    )),
                }
            }
        }
    }
}

/// In words: `100 events or 5s`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each => f.write_str("each event"),
            Self::Batch { most, within } => {
                write!(f, "{most} events, or those of {}", written(*within))
            }
            Self::Digest { rule, zone } if zone == UTC => write!(f, "digest, {rule}"),
            Self::Digest { rule, zone } => write!(f, "digest, {rule} ({zone})"),
            Self::Latest { within } => write!(f, "the latest of {}", written(*within)),
        }
    }
}

fn utc() -> String {
    UTC.to_owned()
}

/// Durations as whole microseconds.
mod as_micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::time::micros;

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(micros(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).expect("it is not 0")
    }

    #[test]
    fn a_mode_is_stored_and_said() {
        let second = Duration::from_secs(1);
        for (mode, json, words) in [
            (Mode::Each, r#""each""#, "each event"),
            (
                Mode::batch(some(100), 5 * second),
                r#"{"batch":{"most":100,"within_us":5000000}}"#,
                "100 events, or those of 5s",
            ),
            (
                Mode::digest("0 8 * * *", "Europe/Berlin"),
                r#"{"digest":{"rule":"0 8 * * *","zone":"Europe/Berlin"}}"#,
                "digest, 0 8 * * * (Europe/Berlin)",
            ),
            (Mode::latest(second), r#"{"latest":{"within_us":1000000}}"#, "the latest of 1s"),
        ] {
            assert_eq!(serde_json::to_string(&mode).expect("JSON"), json);
            assert_eq!(serde_json::from_str::<Mode>(json).expect("a mode"), mode);
            assert_eq!(mode.to_string(), words);
            assert_eq!(mode.check(), Ok(()));
        }
    }

    #[test]
    fn what_cannot_be_a_mode_is_refused() {
        let day = Duration::from_secs(86_400);
        for (mode, word) in [
            (Mode::batch(some(1_001), day), "above the limit of 1000"),
            (Mode::batch(some(10), Duration::ZERO), "between a millisecond and 31 days"),
            (Mode::latest(32 * day), "between a millisecond and 31 days"),
            (Mode::digest("0 8 * *", UTC), "is not a cron line"),
            (Mode::digest("0 0 30 2 *", UTC), "no date fits"),
            (Mode::digest("every 1h", "Europe/Nowhere"), "there is no time zone"),
        ] {
            let refusal = mode.check().expect_err(word).to_string();
            assert!(refusal.contains(word), "{refusal}");
        }
    }
}
