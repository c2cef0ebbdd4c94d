//! What a store sees.

use std::time::Duration;

use serde::Serialize;

use crate::id::JobId;
use crate::job::{Lead, State};
use crate::time::Timestamp;

/// How many there are, or that there are at least so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counted {
    /// So many.
    pub jobs: u64,
    /// Whether there are more, or may be.
    pub or_more: bool,
}

impl Counted {
    /// A number that was counted up to a limit.
    #[must_use]
    pub const fn up_to(limit: u64, jobs: u64) -> Self {
        Self { jobs, or_more: jobs >= limit }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { jobs: self.jobs + other.jobs, or_more: self.or_more || other.or_more }
    }
}

/// What a store sees of jobs that may be a problem.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The database's clock.
    pub at: Timestamp,
    /// Jobs that are due and do not stand in a lane, the oldest of each queue; a queue and a kind may be there several times.
    pub ready: Vec<Ready>,
    /// Kinds with jobs that failed as often as the thresholds say and are to be tried again, of those due next.
    pub failing: Vec<Failing>,
    /// Jobs that are out of the way, by kind, version and queue.
    pub parked: Vec<Parked>,
    /// Jobs that run longer than the thresholds say, the longest first.
    pub running: Vec<RunningJob>,
    /// Kinds with dead jobs, of the newest jobs that are dead.
    pub dead: Vec<Dead>,
    /// Lanes.
    pub lanes: Lanes,
    /// Jobs that wait for ends which cannot come, of the conditions on the oldest jobs.
    pub stuck: Vec<StuckJob>,
    /// Who leads, or led last and did not leave.
    pub leader: Option<Lead>,
}

/// Jobs of a kind that are due in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Their queue.
    pub queue: String,
    /// Their kind.
    pub kind: String,
    /// The name of the limit by key that they bring.
    pub limit: Option<String>,
    /// How many.
    pub jobs: Counted,
    /// When the oldest was due.
    pub oldest_due_at: Timestamp,
}

/// Jobs of a kind that keep failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Their kind.
    pub kind: String,
    /// How many.
    pub jobs: Counted,
    /// The failures of the one that failed most often.
    pub failures: u32,
    /// That one.
    pub job: JobId,
    /// The first of them, by their failures.
    pub named: Vec<JobId>,
}

/// Jobs of a kind and version that are out of the way, since no worker knows them, or since their kind is paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Their kind.
    pub kind: String,
    /// The version of their args.
    pub version: u16,
    /// Their queue.
    pub queue: String,
    /// How many.
    pub jobs: Counted,
    /// When the oldest of those that were looked at was due.
    pub oldest_due_at: Timestamp,
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningJob {
    /// Which.
    pub job: JobId,
    /// Its kind.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// The worker that runs it.
    pub worker: String,
    /// Since when.
    pub since: Timestamp,
    /// How long its kind is expected to run, where the worker that runs it said so.
    pub expected: Option<Duration>,
}

/// Dead jobs of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Their kind.
    pub kind: String,
    /// How many.
    pub jobs: Counted,
    /// How many of them died as lately as the thresholds say.
    pub lately: u64,
    /// When the last one died.
    pub last_at: Timestamp,
    /// The last one.
    pub last: JobId,
}

/// A job that waits for the end of another one which has ended in another way, or is gone. It has no deadline, and without
/// that end not enough of its conditions can be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckJob {
    /// Which.
    pub job: JobId,
    /// Its kind.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// When it was written.
    pub since: Timestamp,
    /// The first of its conditions that cannot be met.
    pub condition: String,
    /// The job that this one waits for.
    pub awaited: JobId,
    /// How that one has ended; `None` where it is gone.
    pub ended: Option<State>,
}

/// Lanes with jobs that wait, and those that stand still.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lanes {
    /// The lanes with waiting jobs that were looked at, in the order of their keys.
    pub waiting: Vec<LaneSeen>,
    /// Whether there are more.
    pub or_more: bool,
    /// Lanes that stand still behind a dead job, the longest first.
    pub blocked: Vec<LaneBlocked>,
    /// Whether there are more of those.
    pub blocked_or_more: bool,
}

/// A lane with jobs that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSeen {
    /// Its key.
    pub lane: String,
    /// How many wait in it.
    pub jobs: Counted,
    /// The first that waits.
    pub first: JobId,
    /// Its queue.
    pub queue: String,
    /// Its kind.
    pub kind: String,
    /// Where it stands.
    pub state: State,
    /// When it is due, or was.
    pub due_at: Timestamp,
    /// Whether another job has the lane: one that runs, or a dead one.
    pub held: bool,
}

/// A lane that stands still behind a dead job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneBlocked {
    /// Its key.
    pub lane: String,
    /// The dead job.
    pub job: JobId,
    /// Its kind.
    pub kind: String,
    /// Why it is dead.
    pub reason: Option<String>,
    /// When it died.
    pub since: Timestamp,
    /// How many wait behind it.
    pub waiting: Counted,
}
