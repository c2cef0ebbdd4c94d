//! Keep: how long events stay in the log.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::client::Client;
use crate::error::{Refusal, StoreError};
use crate::limits::{KEEP_EVENTS, LARGEST_KEEP};
use crate::store::Now;
use crate::time::micros;

/// How long events stay in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// So long, from when an event got its position, at least. After that it goes once every subscription has been fed it and all
    /// jobs that came of it have ended, other than as dead.
    #[serde(rename = "keep_us", serialize_with = "as_micros")]
    pub at_least: Duration,
    /// So long at most: then it goes also where a subscription has not been fed it yet, and the subscription gets a gap.
    #[serde(
        rename = "keep_at_most_us",
        serialize_with = "as_micros_where",
        skip_serializing_if = "Option::is_none"
    )]
    pub at_most: Option<Duration>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { at_least: KEEP_EVENTS, at_most: None }
    }
}

impl Keep {
    /// At least so long.
    #[must_use]
    pub const fn at_least(at_least: Duration) -> Self {
        Self { at_least, at_most: None }
    }

    /// At most so long, whether all have been fed it or not.
    #[must_use]
    pub const fn at_most(mut self, at_most: Duration) -> Self {
        self.at_most = Some(at_most);
        self
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// Where the two contradict each other or cannot be stored.
    pub fn check(&self) -> Result<(), Refusal> {
        let seconds = |time: Duration| time.as_secs();
        for time in [Some(self.at_least), self.at_most].into_iter().flatten() {
            if time > LARGEST_KEEP {
                let (number, limit) = (seconds(time), seconds(LARGEST_KEEP));
                let what = "the seconds that events are kept";
                return Err(Refusal::Range { what, number, limit });
            }
        }
        match self.at_most {
            Some(at_most) if at_most < self.at_least => {
                let what = "the seconds that events are kept at least, of those that they are kept at most,";
                Err(Refusal::Range {
                    what,
                    number: seconds(self.at_least),
                    limit: seconds(at_most),
                })
            }
            _ => Ok(()),
        }
    }
}

/// How long events are kept.
impl Client {
    /// Has events stay in the log so long. Committed when it returns; what is over then goes in the next minutes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it cannot be stored, otherwise what kept the store from writing.
    pub async fn keep_events(&self, keep: Keep) -> Result<(), StoreError> {
        keep.check()?;
        self.store().keep_events(keep).await
    }
}

/// After a restored backup.
impl Client {
    /// Says that the log is not the one that it was, as after a restored backup: positions that somebody has seen may be those of other
    /// events by now. Its epoch, which is the moment in seconds since 1970, comes with [`Client::event_log`]. Who feeds begins from what
    /// is stored. Committed when it returns.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn renew_log(&self) -> Result<u64, StoreError> {
        self.store().renew_log(Now::Database).await
    }
}

fn as_micros<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i64(micros(*time))
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn as_micros_where<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(micros).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert_eq!(Keep::default().check(), Ok(()));
        assert_eq!(Keep::at_least(DAY).at_most(DAY).check(), Ok(()));
        assert!(Keep::at_least(2 * DAY).at_most(DAY).check().is_err());
        assert!(Keep::at_least(LARGEST_KEEP + DAY).check().is_err());
    }
}
