//! What may keep a job in line, as it was at the moment of a look: its lane, the limits that concern it, whose turn it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;
use crate::id::JobId;
use crate::limit::{Limit, SetBy};
use crate::time::Timestamp;

/// The facts of a job's line.
#[derive(Debug, Clone, Default)]
pub struct InLine {
    /// Its lane, where it has one.
    pub lane: Option<LaneLook>,
    /// The limits that concern it: of its queue, its kind and its key.
    pub limits: Vec<LimitLook>,
    /// Its place in a line that is not a lane, while it is available.
    pub turn: Option<TurnLook>,
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneLook {
    /// The job that has the lane, or has it next.
    pub first: Option<LaneFirst>,
    /// Those that wait before the job, at most [`limits::LINE`](crate::limits::LINE).
    pub waiting: u64,
}

/// The first of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneFirst {
    /// Which job.
    pub job: JobId,
    /// Where it stands. A dead one keeps the lane until a person decides.
    pub state: State,
    /// When it is due, or was.
    pub run_at: Timestamp,
    /// The worker that runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Why it is parked or dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A limit, and what of it is used.
#[derive(Debug, Clone)]
pub struct LimitLook {
    /// The limit; of a key so many as the job says, where nothing else was set.
    pub limit: Limit,
    /// The job's key, where it is one of a key.
    pub key: Option<String>,
    /// Who set it; nobody where the job says it.
    pub set_by: Option<SetBy>,
    /// Why.
    pub note: Option<String>,
    /// How many run under it.
    pub running_now: u64,
    /// Of each kind for which it reserves places, how many run.
    pub running_by_kind: BTreeMap<String, u64>,
    /// Some of them, at most [`limits::PLACE_HOLDERS`](crate::limits::PLACE_HOLDERS).
    pub holders: Vec<JobId>,
    /// Tokens there are, where it has a rate.
    pub tokens_now: Option<f64>,
    /// What its breaker goes by.
    pub breaker: BreakerLook,
}

/// What a breaker goes by.
#[derive(Debug, Clone, Copy, Default)]
pub struct BreakerLook {
    /// Since when it is open.
    pub opened_at: Option<Timestamp>,
    /// The job that was let through to see whether others may follow.
    pub probe: Option<JobId>,
    /// Whether that one runs.
    pub probe_runs: bool,
    /// Whether something failed since that one began.
    pub probe_failed: bool,
    /// Failures within the time in which they count.
    pub failed: u64,
}

/// A place in a line of a queue, among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnLook {
    /// Those before it in its own line, at most [`limits::LINE`](crate::limits::LINE).
    pub ahead: u64,
    /// Other lines of its queue with jobs of its priority, at most [`limits::OTHER_LINES`](crate::limits::OTHER_LINES).
    pub others: u64,
    /// Jobs in line of its queue with a smaller priority, at most [`limits::LINE`](crate::limits::LINE).
    pub sooner: u64,
}
