//! Lanes: one job at a time, in the order they were enqueued.

use serde::{Deserialize, Serialize};

use super::line::check_key;
use crate::error::Refusal;
use crate::json::{Json, JsonError};
use crate::limits::LANE_KINDS;
use crate::name::check_kind;

/// A lane: of the jobs with its key one runs at a time, in the order they were enqueued, whatever their kinds, their
/// queues and the processes that run them. A job that waits for its next attempt holds the lane. One that is due later
/// takes its place when it is due.
///
/// ```
/// # use windlass_core::job::Lane;
/// // What comes after a job that is dead waits until a person has decided.
/// let strict = Lane::by("server 42").block_when_dead();
/// // A teardown makes a setup that has not begun needless, and no setup comes behind it.
/// let teardown = Lane::by("server 42").supersedes("server.provision");
/// let setup = Lane::by("server 42").refused_by("server.terminate");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lane {
    key: String,
    #[serde(default, skip_serializing_if = "WhenDead::is_skip")]
    when_dead: WhenDead,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    supersedes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused_by: Vec<String>,
}

/// What a dead job does to its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WhenDead {
    /// The next one begins.
    #[default]
    Skip,
    /// The lane stands still until the dead job is retried, or a person opens the lane.
    Block,
}

impl WhenDead {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_skip(&self) -> bool {
        *self == Self::Skip
    }
}

impl Lane {
    /// The lane of this key.
    #[must_use]
    pub fn by(key: impl Into<String>) -> Self {
        let (supersedes, refused_by) = (Vec::new(), Vec::new());
        Self { key: key.into(), when_dead: WhenDead::Skip, supersedes, refused_by }
    }

    /// The key is made of these fields of the args, in this order. Used by the derive.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    #[doc(hidden)]
    pub fn by_fields(fields: &[(&str, Result<Json, JsonError>)]) -> Result<Self, JsonError> {
        super::line::key_of(fields).map(Self::by)
    }

    /// When this job is dead the lane stands still until a person has decided.
    #[must_use]
    pub const fn block_when_dead(mut self) -> Self {
        self.when_dead = WhenDead::Block;
        self
    }

    /// Jobs of this kind that wait in the lane are cancelled when this one is enqueued.
    #[must_use]
    pub fn supersedes(mut self, kind: impl Into<String>) -> Self {
        self.supersedes.push(kind.into());
        self
    }

    /// While a job of this kind waits or runs in the lane, this one is refused.
    #[must_use]
    pub fn refused_by(mut self, kind: impl Into<String>) -> Self {
        self.refused_by.push(kind.into());
        self
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What a dead job does to the lane.
    #[must_use]
    pub const fn when_dead(&self) -> WhenDead {
        self.when_dead
    }

    /// The kinds that refuse this job while they are there.
    #[must_use]
    pub fn kinds_that_refuse(&self) -> &[String] {
        &self.refused_by
    }

    /// The kinds that this job cancels.
    #[must_use]
    pub fn superseded_kinds(&self) -> &[String] {
        &self.supersedes
    }

    /// Whether others of the lane are looked at when this job is written.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        !self.supersedes.is_empty() || !self.refused_by.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        check_key("a lane's key", &self.key)?;
        let mut kinds = self.supersedes.iter().chain(&self.refused_by);
        if kinds.clone().count() > LANE_KINDS {
            return Err(Refusal::LaneKinds { limit: LANE_KINDS });
        }
        kinds.try_for_each(|kind| check_kind(kind)).map_err(Refusal::from)
    }
}
