//! Unique keys: one job of a kind at a time for each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::json::{Json, JsonError};
use crate::limits::{KEY_BYTES, KEY_PERIOD};

/// What makes a job the only one of its kind: a key, until when it is held, and what happens to a job that comes
/// meanwhile. Keys of different kinds have nothing to do with each other.
///
/// ```
/// # use std::time::Duration;
/// # use windlass_core::job::Unique;
/// // One at a time; a change that comes while it runs makes a follow-up.
/// let debounced = Unique::by("customer 42").until_started().replace();
/// // Not more than one in an hour, whatever happens to it.
/// let throttled = Unique::by("customer 42").within(Duration::from_secs(3_600));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unique {
    key: String,
    #[serde(default)]
    until: Until,
    /// With [`Until::Elapsed`]: how long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
    #[serde(default)]
    on_conflict: OnConflict,
}

/// Until when a job holds its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Until {
    /// Until it is claimed for the first time: one that comes while it runs is written.
    Started,
    /// Until it has ended, whatever its end.
    #[default]
    Finished,
    /// For a time from when it was written, whatever happens to it.
    Elapsed,
}

/// What happens to a job whose key is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OnConflict {
    /// It is not written; the answer names the one that holds the key.
    #[default]
    Keep,
    /// It is not written, and the one that holds the key gets its args, their version, its due time and its
    /// priority. One that runs or has ended keeps its own.
    Replace,
    /// The call is refused, with all its jobs.
    Reject,
}

impl Unique {
    /// One job at a time with this key, until it has ended; one that comes meanwhile is not written.
    #[must_use]
    pub fn by(key: impl Into<String>) -> Self {
        let (until, on_conflict) = (Until::default(), OnConflict::default());
        Self { key: key.into(), until, for_ms: None, on_conflict }
    }

    /// The key is made of these fields of the args, in this order. Used by the derive.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    #[doc(hidden)]
    pub fn by_fields(fields: &[(&str, Result<Json, JsonError>)]) -> Result<Self, JsonError> {
        super::line::key_of(fields).map(Self::by)
    }

    /// The key is held until the job is claimed for the first time.
    #[must_use]
    pub const fn until_started(mut self) -> Self {
        (self.until, self.for_ms) = (Until::Started, None);
        self
    }

    /// The key is held until the job has ended, whatever its end: the default.
    #[must_use]
    pub const fn until_finished(mut self) -> Self {
        (self.until, self.for_ms) = (Until::Finished, None);
        self
    }

    /// The key is held for this long from when the job was written, in whole milliseconds.
    #[must_use]
    pub fn within(mut self, period: Duration) -> Self {
        self.until = Until::Elapsed;
        self.for_ms = Some(u64::try_from(period.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// One that comes meanwhile is not written: the default.
    #[must_use]
    pub const fn keep(mut self) -> Self {
        self.on_conflict = OnConflict::Keep;
        self
    }

    /// The one that holds the key gets the args, the due time and the priority of one that comes meanwhile.
    #[must_use]
    pub const fn replace(mut self) -> Self {
        self.on_conflict = OnConflict::Replace;
        self
    }

    /// A call with one that comes meanwhile is refused.
    #[must_use]
    pub const fn reject(mut self) -> Self {
        self.on_conflict = OnConflict::Reject;
        self
    }

    /// The same with another key.
    #[must_use]
    pub(crate) fn with_key(&self, key: String) -> Self {
        Self { key, ..self.clone() }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Until when it is held.
    #[must_use]
    pub const fn until(&self) -> Until {
        self.until
    }

    /// For how long it is held, where that is what counts.
    #[must_use]
    pub const fn period(&self) -> Option<Duration> {
        match self.for_ms {
            Some(ms) => Some(Duration::from_millis(ms)),
            None => None,
        }
    }

    /// What happens to one that comes meanwhile.
    #[must_use]
    pub const fn on_conflict(&self) -> OnConflict {
        self.on_conflict
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        let (bytes, limit) = (self.key.len(), KEY_BYTES);
        if bytes == 0 || bytes > limit {
            return Err(Refusal::Key { what: "a unique key", bytes, limit });
        }
        let longest = u64::try_from(KEY_PERIOD.as_millis()).unwrap_or(u64::MAX);
        let held = self.for_ms.unwrap_or_default();
        if self.until == Until::Elapsed && !(1..=longest).contains(&held) {
            return Err(Refusal::Period);
        }
        match self.key.find('\0') {
            Some(at) => Err(Refusal::Nul { what: "the unique key", at }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::NewJob;

    #[test]
    fn a_key_of_fields_names_them_in_their_order() {
        let fields = [("user_id", Json::args_of(&42)), ("list", Json::args_of(&"a"))];
        let unique = Unique::by_fields(&fields).expect("written");
        assert_eq!(unique.key(), r#"user_id=42,list="a""#);
    }

    #[test]
    fn it_survives_its_text() {
        let held = Duration::from_millis(1_500);
        for unique in [
            Unique::by("a"),
            Unique::by("b").within(held).reject(),
            Unique::by("c").until_started(),
        ] {
            let text = serde_json::to_string(&unique).expect("written");
            assert_eq!(serde_json::from_str::<Unique>(&text).expect("read"), unique);
        }
        let short = serde_json::from_str::<Unique>(r#"{"key":"a"}"#).expect("read");
        assert_eq!(short, Unique::by("a").until_finished().keep());
    }

    #[test]
    fn a_key_that_cannot_be_kept_is_refused() {
        let refused = |unique: Unique| {
            let mut job = NewJob::new("work", Json::stored("null"));
            job.meta.unique = Some(unique);
            job.check().expect_err("it is refused").to_string()
        };
        assert_eq!(refused(Unique::by("")), "a unique key has 1 to 1024 bytes, this one 0");
        let long = refused(Unique::by("x".repeat(10_000)));
        assert_eq!(long, "a unique key has 1 to 1024 bytes, this one 10000");
        assert!(refused(Unique::by("a\0")).starts_with("the unique key has a NUL character"));
        let never = refused(Unique::by("a").within(Duration::from_micros(900)));
        assert_eq!(never, "a unique key is held for a millisecond at least and 100 years at most");
        assert_eq!(refused(Unique::by("a").within(Duration::MAX)), never);
    }
}
