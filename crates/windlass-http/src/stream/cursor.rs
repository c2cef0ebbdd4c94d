//! Cursors: where in which log a stream goes on.

use std::fmt;
use std::str::FromStr;

use crate::check;

/// The epoch of a log that was never restored from a backup.
const FIRST_EPOCH: u64 = 1;

/// A position of a log. Written as the position alone, unless the log was restored from a backup: then with its epoch too, since
/// other events had these positions before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) epoch: u64,
    pub(super) position: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            FIRST_EPOCH => write!(f, "{}", self.position),
            epoch => write!(f, "{}-{epoch}", self.position),
        }
    }
}

/// Where somebody wants to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resume {
    pub(super) position: u64,
    /// Of the log that there is where it is not said.
    pub(super) epoch: Option<u64>,
}

impl Resume {
    /// The place that a cursor stands for, as a browser sends it back.
    pub(super) fn of_cursor(text: &str) -> Result<Self, String> {
        let place: Self = text.parse()?;
        Ok(Self { epoch: place.epoch.or(Some(FIRST_EPOCH)), ..place })
    }
}

impl FromStr for Resume {
    type Err = String;

    /// A cursor, or a position of the log that there is.
    fn from_str(text: &str) -> Result<Self, String> {
        let (position, epoch) = match text.split_once('-') {
            Some((position, epoch)) => (position, Some(epoch)),
            None => (text, None),
        };
        let expected = || format!("expected a position or a cursor of this stream, found `{text}`");
        let number = |digits: &str| digits.parse::<u64>().map_err(|_| expected());
        let position = check::position(number(position)?)?;
        Ok(Self { position, epoch: epoch.map(number).transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        for (epoch, position, text) in
            [(1, 42, "42"), (1, 0, "0"), (1_764_200_000, 7, "7-1764200000")]
        {
            let cursor = Cursor { epoch, position };
            assert_eq!(cursor.to_string(), text);
            assert_eq!(Resume::of_cursor(text), Ok(Resume { position, epoch: Some(epoch) }));
        }
        assert_eq!("42".parse(), Ok(Resume { position: 42, epoch: None }));
        for text in ["", "-", "x", "1-", "-1", "1-x", "9223372036854775808", "1-2-3"] {
            assert!(text.parse::<Resume>().is_err(), "{text}");
        }
    }
}
