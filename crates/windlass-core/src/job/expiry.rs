//! Expiry: until when a job may start.

use std::time::Duration;

use super::{Due, Meta, NewJob};
use crate::error::Refusal;
use crate::limits::EXPIRY;
use crate::time::{Timestamp, micros};

/// Until when a job may start. One that was not started by then is cancelled, with an attempt whose outcome is
/// `expired`, and never runs; neither does the next attempt of one that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// For this long after it is due, by the database's clock.
    In(Duration),
    /// Until this moment.
    At(Timestamp),
}

impl NewJob {
    /// Until when it may start. An [`Expires::In`] counts from [`NewJob::due`], so that is to be said before.
    #[must_use]
    pub fn expiring(mut self, expires: Expires) -> Self {
        let meta = &mut self.meta;
        (meta.expires_at, meta.expires_in_us) = match (expires, self.due) {
            (Expires::At(moment), _) => (Some(moment.as_micros()), None),
            (Expires::In(time), Due::At(due)) => (Some(due.after(time).as_micros()), None),
            (Expires::In(time), Due::Now) => (None, Some(micros(time))),
            (Expires::In(time), Due::In(delay)) => (None, Some(micros(delay.saturating_add(time)))),
        };
        self
    }

    pub(super) fn check_expiry(&self) -> Result<(), Refusal> {
        if self.meta.expires_in_us.is_some_and(|time| !(1_000..=micros(EXPIRY)).contains(&time)) {
            return Err(Refusal::Expiry);
        }
        let due = match self.due {
            Due::At(due) => due,
            // By the clock here: the caller has named the moment by it. Where the database's is another one, a job that
            // is let in for nothing expires.
            Due::In(delay) if !delay.is_zero() => Timestamp::wall_clock().after(delay),
            _ => return Ok(()),
        };
        match self.meta.expires_at.map(Timestamp::from_micros) {
            Some(expires_at) if expires_at <= due => {
                Err(Refusal::ExpiresBeforeDue { expires_at, due })
            }
            _ => Ok(()),
        }
    }
}

impl Meta {
    /// The moment from which a job with this meta does not start any more, where there is one.
    #[must_use]
    pub fn expires_at(&self, created_at: Timestamp) -> Option<Timestamp> {
        let after = |time: i64| created_at.as_micros().saturating_add(time);
        self.expires_at.or(self.expires_in_us.map(after)).map(Timestamp::from_micros)
    }
}

/// The reason of a job that has expired.
#[must_use]
pub fn expired_reason(expired_at: Timestamp) -> String {
    format!("expired at {expired_at}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    const MINUTE: Duration = Duration::from_secs(60);
    const NOON: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn expiring(due: Due, expires: Expires) -> NewJob {
        NewJob { due, ..NewJob::new("work", Json::stored("null")) }.expiring(expires)
    }

    #[test]
    fn the_time_counts_from_when_the_job_is_due() {
        let of = |due| expiring(due, Expires::In(MINUTE)).meta.expires_at(NOON);
        assert_eq!(of(Due::Now), Some(NOON.after(MINUTE)));
        assert_eq!(of(Due::In(MINUTE)), Some(NOON.after(2 * MINUTE)));
        assert_eq!(of(Due::At(NOON.after(MINUTE))), Some(NOON.after(2 * MINUTE)));
        assert_eq!(expiring(Due::Now, Expires::At(NOON)).meta.expires_at(NOON), Some(NOON));
        assert_eq!(Meta::default().expires_at(NOON), None);
    }

    #[test]
    fn it_survives_its_text() {
        for expires in [Expires::In(MINUTE), Expires::At(NOON)] {
            let meta = expiring(Due::Now, expires).meta;
            assert_eq!(Meta::from_stored(meta.to_stored().as_deref()), meta);
        }
    }

    #[test]
    fn a_time_that_no_job_can_keep_is_refused() {
        let refused = |due, expires| expiring(due, expires).check().expect_err("it is refused");
        for time in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
            assert_eq!(refused(Due::Now, Expires::In(time)), Refusal::Expiry);
        }
        let before = refused(Due::At(NOON), Expires::At(NOON));
        assert!(before.to_string().ends_with("it would never run"), "{before}");
        let soon = Expires::At(Timestamp::wall_clock().after(MINUTE));
        let delayed = refused(Due::In(2 * MINUTE), soon);
        assert!(matches!(delayed, Refusal::ExpiresBeforeDue { .. }), "{delayed}");
        for due in [Due::In(Duration::ZERO), Due::In(Duration::from_secs(1)), Due::Now] {
            expiring(due, soon).check().expect("it can be kept");
        }
        expiring(Due::Now, Expires::At(NOON)).check().expect("it is seen to expire");
        expiring(Due::At(NOON), Expires::In(MINUTE)).check().expect("it can be kept");
    }
}
