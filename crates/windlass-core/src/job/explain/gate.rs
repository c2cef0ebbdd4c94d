//! The gates between a job and a worker.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::condition::{ConditionRecord, Overdue};
use crate::id::JobId;
use crate::job::{LaneFirst, Outcome};
use crate::limit::{LimitOn, SetBy};
use crate::time::Timestamp;
use crate::worker::MinimumBuild;

/// Whether a gate keeps a job back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does not.
    Open,
    /// It does.
    Shut,
    /// It does not now, and is good to know.
    Note,
}

/// A gate between a job and a worker, with what a person needs to know of it. Who shows gates has words for each: a new
/// one does not compile without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// It must have started by then.
    Expiry {
        /// When.
        at: Timestamp,
    },
    /// It waits for conditions.
    Conditions {
        /// Those that are not met.
        open: Vec<ConditionRecord>,
        /// How many of them suffice.
        needed: usize,
        /// Its deadline.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// What happens to it then.
        #[serde(skip_serializing_if = "Option::is_none")]
        then: Option<Overdue>,
    },
    /// It is due from then on.
    Due {
        /// When.
        at: Timestamp,
    },
    /// It failed, or put itself off, and is tried again then.
    Backoff {
        /// When.
        at: Timestamp,
        /// The attempt that comes.
        attempt: u32,
        /// What went wrong last.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// It is due, and the leader's next sweep makes it available.
    Promotion {
        /// Since when it is due.
        due_at: Timestamp,
    },
    /// Somebody does for all what time brings: makes due jobs available, takes back lost ones, brings back parked ones.
    Leader {
        /// Who.
        #[serde(skip_serializing_if = "Option::is_none")]
        worker: Option<String>,
        /// Until when, or until when somebody did last.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Its queue is not paused.
    Pause {
        /// Since when it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// When that ends by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why, and by whom.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Its kind is paused.
    KindPause {
        /// Since when.
        since: Timestamp,
        /// When it ends by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why, and by whom.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Live workers serve its queue.
    Workers {
        /// Which.
        workers: Vec<String>,
    },
    /// Some of them know its kind and the version of its args.
    Handler {
        /// What is to be known, as kind@version.
        handler: String,
        /// Who does, on any queue.
        workers: Vec<String>,
    },
    /// It was moved out of the way, since no live worker knew it or its kind was paused, and comes back when that is over.
    Parked {
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Some worker that knows it was not asked to take no new work.
    Quiet {
        /// Those that were.
        workers: Vec<String>,
    },
    /// Some worker that knows it is not below the minimum build of its program.
    Build {
        /// Those that are.
        workers: Vec<HeldBack>,
    },
    /// Some worker that knows it has a free slot.
    Slots {
        /// Who has how many of how many.
        workers: Vec<Busy>,
    },
    /// It was lost with a worker so often that it runs with no other such job beside it.
    Suspect {
        /// How often.
        losses: u16,
    },
    /// It is the first of its lane, of which one job runs at a time.
    Lane {
        /// The lane's key.
        key: String,
        /// The job that has the lane, or has it next.
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<LaneFirst>,
        /// How many jobs of the lane are before this one.
        ahead: u64,
        /// Whether there may be more.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        or_more: bool,
    },
    /// A limit of jobs that run at once has a place for it.
    Places {
        /// Which limit.
        #[serde(flatten)]
        limit: LimitOf,
        /// So many run at once.
        most: u32,
        /// So many run now.
        running: u64,
        /// Some of those.
        holders: Vec<JobId>,
        /// Free places that are reserved for other kinds, by kind.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        reserved: BTreeMap<String, u64>,
    },
    /// A rate has as many tokens as it costs.
    Rate {
        /// Which limit.
        #[serde(flatten)]
        limit: LimitOf,
        /// Whole tokens there are; less than none where one that costs more than there ever are has taken them.
        tokens: i64,
        /// So many there are at most.
        burst: u32,
        /// So many it takes.
        cost: u32,
        /// When they have come, unless another job takes some before.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// A breaker is not open, or lets this one through as its probe.
    Breaker {
        /// Which limit.
        #[serde(flatten)]
        limit: LimitOf,
        /// Since when it is open.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// Until when nothing starts.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// The job that runs to see whether others may follow.
        #[serde(skip_serializing_if = "Option::is_none")]
        probe: Option<JobId>,
    },
    /// It is the first of its line. The lines of a queue have turns.
    Turn {
        /// Whose turns, where its line is that of a key.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// How many of its line are claimed before it.
        ahead: u64,
        /// Whether there may be more.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        or_more: bool,
        /// How many other lines of its queue have jobs of its priority, counted so far as it matters.
        others: u64,
        /// How many jobs in line of its queue go before turns, by a smaller priority.
        sooner: u64,
    },
    /// Available jobs of its queue are claimed before it.
    Line {
        /// How many.
        ahead: u64,
        /// Whether there may be more.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        or_more: bool,
    },
    /// The jobs of its queue age, so that none waits forever behind more urgent ones.
    Aging {
        /// Each so much of waiting makes its priority smaller by one, in milliseconds.
        every_ms: u64,
        /// The priority that it was written with.
        own: i16,
        /// As which priority it counts by now.
        counts_as: i16,
        /// When it counts as the next one.
        at: Timestamp,
    },
    /// Another transaction has locked it, and claims pass over it until that ends.
    Locked {
        /// Whose.
        by: String,
    },
    /// Its unique key, which keeps others out.
    Key {
        /// The key.
        key: String,
        /// Which job holds it.
        #[serde(skip_serializing_if = "Option::is_none")]
        holder: Option<JobId>,
        /// Whether this one does.
        holds: bool,
    },
    /// A worker runs it.
    Running {
        /// Which.
        worker: String,
        /// Since when.
        since: Timestamp,
        /// The number of the attempt.
        attempt: u32,
    },
    /// That worker lives.
    Lease {
        /// Which.
        worker: String,
        /// Until when its lease lasts unless renewed; nothing where it is not registered any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// It was asked to stop.
    CancelRequested {
        /// Why.
        reason: String,
    },
    /// It is told to end then.
    Timeout {
        /// When.
        at: Timestamp,
    },
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
        /// How its last attempt ended.
        outcome: Outcome,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The caller's clock differs from the database's, by which everything is decided.
    Clock {
        /// By so many microseconds ahead, or behind where negative.
        ahead_us: i64,
    },
}

/// A worker that takes no new work since its build is below the minimum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// The worker.
    pub worker: String,
    /// What it runs.
    pub build: String,
    /// What it would have to run at least.
    pub minimum: MinimumBuild,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A worker's slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Busy {
    /// The worker.
    pub worker: String,
    /// The jobs it holds.
    pub running: u64,
    /// How many it runs at once.
    pub slots: u32,
}

/// A limit that keeps a job back, and whom to ask about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitOf {
    /// What it is set for.
    pub on: LimitOn,
    /// The job's key, where it is one of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Who set it; nobody where the job itself says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_by: Option<SetBy>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
