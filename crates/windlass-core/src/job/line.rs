//! Lines: where a job stands that a lane, a limit or a turn may keep from a free slot.

use serde::{Deserialize, Serialize};

use super::Meta;
use crate::error::Refusal;
use crate::json::{Json, JsonError};
use crate::limits::{LINE_KEY_BYTES, TURN_WEIGHT};

/// Whose turn it is: the keys of a queue get turns, so that one with a million jobs does not keep another waiting.
///
/// ```
/// # use windlass_core::job::Fair;
/// let ordinary = Fair::by("tenant 42");
/// // Three jobs in each of its turns.
/// let paying = Fair::by("tenant 7").weight(3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fair {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<u16>,
}

impl Fair {
    /// The turns of this key.
    #[must_use]
    pub fn by(key: impl Into<String>) -> Self {
        Self { key: key.into(), weight: None }
    }

    /// The key is made of these fields of the args, in this order. Used by the derive.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    #[doc(hidden)]
    pub fn by_fields(fields: &[(&str, Result<Json, JsonError>)]) -> Result<Self, JsonError> {
        key_of(fields).map(Self::by)
    }

    /// So many jobs in each turn; one unless said.
    #[must_use]
    pub const fn weight(mut self, jobs: u16) -> Self {
        self.weight = Some(jobs);
        self
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Jobs in each turn.
    #[must_use]
    pub fn jobs_a_turn(&self) -> u16 {
        self.weight.unwrap_or(1)
    }

    fn check(&self) -> Result<(), Refusal> {
        check_key("a turn's key", &self.key)?;
        check_from_one("a turn's weight", u64::from(self.jobs_a_turn()), u64::from(TURN_WEIGHT))
    }
}

/// A limit by key: of the jobs with one key so many run at once, over all processes.
///
/// ```
/// # use windlass_core::job::Limited;
/// let calls = Limited::by("account 42").running(4);
/// // A name of its own makes one limit of several kinds, and lets a person set it: windlass limit set key:crm …
/// let shared = Limited::by("account 42").named("crm");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Limited {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    running: Option<u32>,
}

impl Limited {
    /// The limit of this key.
    #[must_use]
    pub fn by(key: impl Into<String>) -> Self {
        Self { key: key.into(), name: None, running: None }
    }

    /// The key is made of these fields of the args, in this order. Used by the derive.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    #[doc(hidden)]
    pub fn by_fields(fields: &[(&str, Result<Json, JsonError>)]) -> Result<Self, JsonError> {
        key_of(fields).map(Self::by)
    }

    /// At most so many run at once, unless a limit that was set for the name says otherwise.
    #[must_use]
    pub const fn running(mut self, jobs: u32) -> Self {
        self.running = Some(jobs);
        self
    }

    /// The name that kinds share it by; the job's kind unless said.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The name, where it is not the kind.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How many run at once, as the job says it.
    #[must_use]
    pub const fn most_running(&self) -> Option<u32> {
        self.running
    }

    fn check(&self) -> Result<(), Refusal> {
        check_key("a limit's key", &self.key)?;
        if let Some(name) = &self.name {
            crate::name::check_kind(name)?;
        }
        let running = u64::from(self.running.unwrap_or(1));
        check_from_one("a limit", running, u64::from(i32::MAX.cast_unsigned()))
    }
}

impl Meta {
    /// Where a job of this kind stands in line; `None` for one that no lane, limit or turn concerns.
    ///
    /// A lane is one line whatever the kinds in it. Otherwise jobs of one line have all in common that may keep
    /// them: a job that is kept keeps those behind it, and no others.
    #[must_use]
    pub fn line_of(&self, kind: &str) -> Option<String> {
        if let Some(lane) = &self.lane {
            return Some(format!("l{}", lane.key()));
        }
        if self.fair.is_none() && self.limited.is_none() && self.cost.is_none() {
            return self.line.clone();
        }
        let (fair, weight) =
            self.fair.as_ref().map_or(("", None), |fair| (fair.key(), fair.weight));
        let (name, key) =
            self.limited.as_ref().map_or(("", ""), |l| (l.name().unwrap_or(kind), l.key()));
        let running = self.limited.as_ref().and_then(Limited::most_running);
        let number = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        let (running, weight) = (number(running), number(weight.map(u32::from)));
        Some(format!("s{fair}\u{1f}{kind}\u{1f}{name}\u{1f}{key}\u{1f}{running}\u{1f}{weight}"))
    }

    pub(super) fn check_line(&self) -> Result<(), Refusal> {
        if self.lane.is_some() && self.fair.is_some() {
            return Err(Refusal::LaneAndFair);
        }
        self.lane.as_ref().map_or(Ok(()), super::Lane::check)?;
        self.fair.as_ref().map_or(Ok(()), Fair::check)?;
        self.limited.as_ref().map_or(Ok(()), Limited::check)?;
        check_from_one("a job's cost", u64::from(self.cost.unwrap_or(1)), u64::from(u16::MAX))
    }
}

/// A key made of fields of the args: each with its name, as JSON.
pub(super) fn key_of(fields: &[(&str, Result<Json, JsonError>)]) -> Result<String, JsonError> {
    let mut key = String::new();
    for (name, value) in fields {
        let value = value.as_ref().map_err(Clone::clone)?;
        let comma = if key.is_empty() { "" } else { "," };
        key.push_str(&format!("{comma}{name}={value}"));
    }
    Ok(key)
}

pub(crate) fn check_key(what: &'static str, key: &str) -> Result<(), Refusal> {
    let (bytes, limit) = (key.len(), LINE_KEY_BYTES);
    if bytes == 0 || bytes > limit {
        return Err(Refusal::Key { what, bytes, limit });
    }
    match key.find(['\0', '\u{1f}']) {
        Some(at) if key[at..].starts_with('\0') => Err(Refusal::Nul { what, at }),
        Some(at) => Err(Refusal::Separator { what, at }),
        None => Ok(()),
    }
}

fn check_from_one(what: &'static str, number: u64, limit: u64) -> Result<(), Refusal> {
    if (1..=limit).contains(&number) { Ok(()) } else { Err(Refusal::Range { what, number, limit }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Lane, NewJob};

    fn refused(change: impl FnOnce(&mut Meta)) -> String {
        let mut job = NewJob::new("work", Json::stored("null"));
        change(&mut job.meta);
        job.check().expect_err("it is refused").to_string()
    }

    #[test]
    fn jobs_of_one_lane_stand_in_one_line_and_others_by_all_that_may_keep_them() {
        let mut meta = Meta::default();
        assert_eq!(meta.line_of("work"), None);
        meta.limited = Some(Limited::by("42").running(4));
        assert_eq!(
            meta.line_of("work").as_deref(),
            Some("s\u{1f}work\u{1f}work\u{1f}42\u{1f}4\u{1f}")
        );
        meta.fair = Some(Fair::by("tenant").weight(3));
        let line = "stenant\u{1f}work\u{1f}work\u{1f}42\u{1f}4\u{1f}3";
        assert_eq!(meta.line_of("work").as_deref(), Some(line));
        meta.lane = Some(Lane::by("a"));
        assert_eq!(meta.line_of("work").as_deref(), Some("la"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let long = refused(|meta| meta.lane = Some(Lane::by("x".repeat(10_000))));
        assert_eq!(long, "a lane's key has 1 to 256 bytes, this one 10000");
        let nul = refused(|meta| meta.fair = Some(Fair::by("a\0")));
        assert!(nul.starts_with("a turn's key has a NUL character"), "{nul}");
        let cut = refused(|meta| meta.limited = Some(Limited::by("a\u{1f}")));
        assert!(cut.starts_with("a limit's key has the character U+001F"), "{cut}");
        let none = refused(|meta| meta.limited = Some(Limited::by("a").running(0)));
        assert_eq!(none, "a limit of 0 is outside of 1 to 2147483647");
        let light = refused(|meta| meta.fair = Some(Fair::by("a").weight(0)));
        assert_eq!(light, "a turn's weight of 0 is outside of 1 to 100");
        assert_eq!(
            refused(|meta| meta.cost = Some(0)),
            "a job's cost of 0 is outside of 1 to 65535"
        );
        let both = refused(|meta| {
            meta.lane = Some(Lane::by("a"));
            meta.fair = Some(Fair::by("a"));
        });
        assert!(both.contains("not both"), "{both}");
        let kinds = refused(|meta| meta.lane = Some(Lane::by("a").supersedes("no kind")));
        assert!(kinds.contains("no kind"), "{kinds}");
    }
}
