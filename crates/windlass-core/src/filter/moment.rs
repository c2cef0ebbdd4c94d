//! A moment in a filter: a point in time, or so long ago.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::time::{Timestamp, micros, parse_duration, written};

/// A moment as a filter names it: `2026-11-21T12:00:00Z`, or `24h` for a day ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This one.
    At(Timestamp),
    /// This long before the question is asked, by the database's clock.
    Ago(Duration),
}

/// A text that is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a moment: expected how long ago, such as 24h, or 2026-11-21T12:00:00Z")]
pub struct ParseMomentError(String);

impl Moment {
    /// The moment it is for a question that is asked now.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(time) => Timestamp::from_micros(now.as_micros() - micros(time)),
        }
    }
}

impl FromStr for Moment {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = text.parse().map(Self::At).ok();
        moment
            .or_else(|| parse_duration(text).map(Self::Ago).ok())
            .ok_or_else(|| ParseMomentError(text.to_owned()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(moment) => moment.fmt(f),
            Self::Ago(time) => f.write_str(&written(*time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_and_shown() {
        for text in ["1d", "1h30m", "0s", "250ms", "2026-11-21T12:00:00.000Z"] {
            assert_eq!(text.parse::<Moment>().expect(text).to_string(), text);
        }
        assert!("yesterday".parse::<Moment>().is_err());
        let now = Timestamp::from_micros(5_000_000);
        assert_eq!("3s".parse::<Moment>().expect("read").at(now).as_micros(), 2_000_000);
    }
}
