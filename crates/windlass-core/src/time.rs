//! Moments and durations as the stores keep them: microseconds.
//!
//! The database's clock decides when anything is due. A store method takes `now` as
//! [`Option<Timestamp>`]: `None` is the database's clock, tests bind their own.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment: microseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This process's wall clock, for showing ages to people; nothing is decided by it.
    #[must_use]
    pub fn wall_clock() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// This moment plus a duration, at most the last moment there is.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// How long ago `earlier` was, zero where it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A duration in microseconds; one that is longer than a thousand years is a thousand years, so that a moment
/// plus it is a moment still.
#[must_use]
pub fn micros(duration: Duration) -> i64 {
    const LONGEST: i64 = 1_000 * 366 * 24 * 60 * 60 * 1_000_000;
    i64::try_from(duration.as_micros()).map_or(LONGEST, |micros| micros.min(LONGEST))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

/// A text that is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a moment: expected RFC 3339, such as 2026-11-21T12:00:00Z")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_microsecond()))
            .map_err(|_| ParseTimestampError(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: expected a number and a unit, such as 250ms, 30s, 5m, 2h or 1d")]
pub struct ParseDurationError(String);

/// Reads a duration such as `250ms`, `30s`, `5m`, `2h`, `1d` or `1h30m`.
///
/// # Errors
/// When a part has no number or no unit known here, or the sum is beyond 100 years.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    const LONGEST: u64 = 100 * 366 * 86_400_000_000;
    let fail = || ParseDurationError(text.to_owned());
    let mut total = 0u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(fail());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fail)?;
        let number: u64 = rest[..digits].parse().map_err(|_| fail())?;
        let after = &rest[digits..];
        let unit_len = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (_, unit) =
            UNITS.into_iter().find(|(name, _)| *name == &after[..unit_len]).ok_or_else(fail)?;
        total =
            number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(fail)?;
        rest = &after[unit_len..];
    }
    if total > LONGEST { Err(fail()) } else { Ok(Duration::from_micros(total)) }
}

/// Units of durations, the largest first, in microseconds.
const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// A duration as [`parse_duration`] reads it: `1h30m`.
#[must_use]
pub fn written(duration: Duration) -> String {
    let mut rest = duration.as_micros();
    let mut text = String::new();
    for (unit, size) in UNITS {
        let size = u128::from(size);
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if duration.is_zero() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5_400)));
        for text in ["", "5", "s", "5 s", "-5s", "1y", "99999999999d", "5s!"] {
            assert!(parse_duration(text).is_err(), "{text} was taken for a duration");
        }
    }

    #[test]
    fn a_moment_survives_its_text() {
        let moment = Timestamp::from_micros(1_795_262_400_123_000);
        assert_eq!(moment.to_string(), "2026-11-21T12:00:00.123Z");
        assert_eq!(moment.to_string().parse(), Ok(moment));
    }
}
