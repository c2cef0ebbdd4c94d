//! From which event on a subscription wants them, as it is said by HTTP, on the command line and in `windlass.toml`.

use std::str::FromStr;

use serde::Deserialize;
use windlass::subscription::Start;
use windlass::{Client, StoreError, Timestamp};

use crate::check;

/// `now`, `beginning`, a position or a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Said")]
pub enum EventStart {
    /// Those from now on.
    #[default]
    Now,
    /// Those behind this position.
    After(u64),
    /// Those that got their positions at this moment or later.
    At(Timestamp),
}

impl EventStart {
    /// The place in the log.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn resolve(self, client: &Client) -> Result<Start, StoreError> {
        Ok(match self {
            Self::Now => Start::Now,
            Self::After(position) => Start::After(position),
            Self::At(moment) => Start::After(client.position_before(moment).await?),
        })
    }
}

/// As JSON has it: a position may be a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected now, beginning, a position or a moment")]
enum Said {
    Position(u64),
    Text(String),
}

impl TryFrom<Said> for EventStart {
    type Error = String;

    fn try_from(said: Said) -> Result<Self, String> {
        match said {
            Said::Position(position) => check::position(position).map(Self::After),
            Said::Text(text) => text.parse(),
        }
    }
}

impl FromStr for EventStart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => return Ok(Self::Now),
            "beginning" => return Ok(Self::After(0)),
            _ => {}
        }
        if let Ok(position) = text.parse() {
            return check::position(position).map(Self::After);
        }
        let moment = text.parse().map(Self::At);
        moment.map_err(|_| {
            "expected now, beginning, a position such as 1200, or a moment such as 2026-11-21T02:00:00Z".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_word_a_position_or_a_moment() {
        assert_eq!("now".parse(), Ok(EventStart::Now));
        assert_eq!("beginning".parse(), Ok(EventStart::After(0)));
        assert_eq!("1200".parse(), Ok(EventStart::After(1_200)));
        let moment = Timestamp::from_micros(1_000_000);
        assert_eq!(moment.to_string().parse(), Ok(EventStart::At(moment)));
        for wrong in ["", "-1", "soon", "7d", "99999999999999999999"] {
            assert!(wrong.parse::<EventStart>().is_err(), "{wrong}");
        }
    }
}
