//! What a subscription is.

use serde::{Deserialize, Serialize};

use std::num::NonZeroU32;

use super::{Filter, LaneKey};
use crate::error::Refusal;
use crate::limits::CREDIT;
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
    /// The jobs of events that have the same there run one after the other, in the order of the log: an attribute such as
    /// `subject`, or a member of the data such as `data.order`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneKey>,
    /// At most so many of its jobs are unfinished; events beyond them stay in the log until there is room. 10,000 where it is not
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<NonZeroU32>,
}

impl Subscription {
    /// Each event that the filter wants becomes a job of this kind.
    #[must_use]
    pub fn new(filter: Filter, kind: impl Into<String>) -> Self {
        Self { filter, target: Target::kind(kind), lane: None, credit: None }
    }

    /// The jobs of events that have the same there run one after the other.
    #[must_use]
    pub fn lane(mut self, key: LaneKey) -> Self {
        self.lane = Some(key);
        self
    }

    /// At most so many of its jobs are unfinished.
    #[must_use]
    pub const fn credit(mut self, credit: NonZeroU32) -> Self {
        self.credit = Some(credit);
        self
    }

    /// How many of its jobs may be unfinished.
    #[must_use]
    pub fn most_unfinished(&self) -> u32 {
        self.credit.map_or(CREDIT, NonZeroU32::get)
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
