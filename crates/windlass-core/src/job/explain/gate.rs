//! The gates between a job and a worker.

use serde::Serialize;

use crate::id::JobId;
use crate::job::Outcome;
use crate::time::Timestamp;

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
    /// Available jobs of its queue are claimed before it.
    Line {
        /// How many.
        ahead: u64,
        /// Whether there may be more.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        or_more: bool,
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
