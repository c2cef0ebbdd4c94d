//! What a subscription is.

use serde::{Deserialize, Serialize};

use super::Filter;
use crate::error::Refusal;
use crate::name::{DEFAULT_QUEUE, check_kind, check_queue};

/// What comes of an event that is wanted: a job, whose args are the event's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The kind of the job.
    pub kind: String,
    /// Its queue.
    #[serde(default = "default_queue", skip_serializing_if = "is_default")]
    pub queue: String,
    /// The version of its args.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub version: u16,
    /// How often it is tried, where that is not what its kind says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u16>,
}

fn default_queue() -> String {
    DEFAULT_QUEUE.to_owned()
}

fn is_default(queue: &str) -> bool {
    queue == DEFAULT_QUEUE
}

const fn one() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_one(version: &u16) -> bool {
    *version == 1
}

impl Target {
    /// A job of this kind.
    #[must_use]
    pub fn kind(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), queue: default_queue(), version: 1, max_attempts: None }
    }
}

/// What a subscription is: which events it wants, and what comes of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Which events are wanted; all, where it is not said.
    #[serde(default)]
    pub filter: Filter,
    /// What comes of each.
    pub target: Target,
}

impl Subscription {
    /// Each event that the filter wants becomes a job of this kind.
    #[must_use]
    pub fn new(filter: Filter, kind: impl Into<String>) -> Self {
        Self { filter, target: Target::kind(kind) }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When a name cannot be used.
    pub fn check(&self) -> Result<(), Refusal> {
        check_kind(&self.target.kind)?;
        Ok(check_queue(&self.target.queue)?)
    }
}
