//! Problems, each of one aspect.

use std::time::Duration;

use serde::Serialize;

use super::seen::Counted;
use super::{maybe_millis, millis};
use crate::id::JobId;
use crate::job::State;
use crate::limit::LimitOn;
use crate::time::Timestamp;

/// What a problem is about. Each aspect is looked at for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Aspect {
    /// Jobs that are due wait for too long.
    Latency,
    /// Jobs fail again and again.
    Failing,
    /// Jobs run for too long.
    Running,
    /// Jobs died lately.
    Dying,
    /// Lanes stand still, or are long.
    Lanes,
    /// Limits are full, too small, or of something that does not exist.
    Limits,
    /// Breakers are open.
    Breakers,
    /// Jobs wait for what cannot come.
    Waiting,
    /// Jobs are due in queues that no worker serves.
    Queues,
    /// Jobs are parked, since no worker knows them.
    Handlers,
    /// Feeds are not read.
    Sources,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// The oldest job of a queue that is due waits for too long. Pauses are not counted.
    Latency {
        /// The queue.
        queue: String,
        /// The kind of that job.
        kind: String,
        /// When it was due.
        oldest_due_at: Timestamp,
    },
    /// Jobs of a kind fail again and again.
    Failing {
        /// The kind.
        kind: String,
        /// How many.
        #[serde(flatten)]
        jobs: Counted,
        /// The failures of the one that failed most often.
        failures: u32,
        /// That one.
        job: JobId,
        /// The first of them, by their failures.
        #[serde(skip)]
        named: Vec<JobId>,
    },
    /// A job runs for too long.
    RunningLong {
        /// Which.
        job: JobId,
        /// Its kind.
        kind: String,
        /// Its queue.
        queue: String,
        /// The worker that runs it.
        worker: String,
        /// Since when.
        since: Timestamp,
        /// How long its kind is expected to run, where it says so.
        #[serde(rename = "expected_ms", serialize_with = "maybe_millis")]
        expected: Option<Duration>,
    },
    /// Jobs of a kind died lately.
    Dying {
        /// The kind.
        kind: String,
        /// How many.
        #[serde(flatten)]
        jobs: Counted,
        /// When the last one did.
        last_at: Timestamp,
        /// That one.
        job: JobId,
    },
    /// A lane stands still behind a dead job.
    LaneBlocked {
        /// Its key.
        lane: String,
        /// The dead job.
        job: JobId,
        /// Its kind.
        kind: String,
        /// Why it is dead.
        reason: Option<String>,
        /// Since when.
        since: Timestamp,
        /// How many wait behind it.
        #[serde(flatten)]
        waiting: Counted,
    },
    /// Many jobs wait in a lane.
    LaneLong {
        /// Its key.
        lane: String,
        /// How many.
        #[serde(flatten)]
        waiting: Counted,
    },
    /// As many run as a limit lets, while a job that it concerns waits for too long.
    LimitFull {
        /// What the limit is set for.
        on: LimitOn,
        /// So many run at once.
        most: u32,
        /// Keys that are full, where it is a limit by key.
        full_keys: Option<u64>,
        /// When the oldest job that waits was due.
        oldest_due_at: Timestamp,
    },
    /// A limit is set for something that no job and no worker knows.
    LimitUnused {
        /// What it is set for.
        on: LimitOn,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// At a limit's rate the jobs that wait take longer than a day.
    RateSlow {
        /// What the limit is set for.
        on: LimitOn,
        /// How many wait.
        #[serde(flatten)]
        waiting: Counted,
        /// How long they take.
        #[serde(rename = "takes_ms", serialize_with = "millis")]
        takes: Duration,
    },
    /// A breaker is open.
    BreakerOpen {
        /// What its limit is set for.
        on: LimitOn,
        /// Since when.
        since: Timestamp,
        /// When a job probes.
        until: Timestamp,
    },
    /// A job waits for the end of another one which has ended in another way, or is gone, and has no deadline.
    Stuck {
        /// Which.
        job: JobId,
        /// Its kind.
        kind: String,
        /// Its queue.
        queue: String,
        /// When it was written.
        since: Timestamp,
        /// The first of its conditions that cannot be met.
        condition: String,
        /// The job that this one waits for.
        awaited: JobId,
        /// How that one has ended; none where it is gone.
        ended: Option<State>,
    },
    /// Jobs are due in a queue that no live worker serves.
    QueueUnserved {
        /// The queue.
        queue: String,
        /// The kind of the oldest one.
        kind: String,
        /// When that was due.
        oldest_due_at: Timestamp,
    },
    /// Jobs are parked, since no live worker knows their kind and version.
    KindUnhandled {
        /// The kind.
        kind: String,
        /// The version of their args.
        version: u16,
        /// The queue of the first of them.
        queue: String,
        /// How many.
        #[serde(flatten)]
        jobs: Counted,
        /// When the oldest of those that were looked at was due.
        oldest_due_at: Timestamp,
    },
    /// A source's feed cannot be read, again and again.
    SourceFailing {
        /// The source.
        source: String,
        /// How often, one after the other.
        failures: u32,
        /// Why it could not be read last.
        error: String,
        /// When that was.
        failed_at: Timestamp,
    },
    /// A source's feed should have been asked, and nobody does.
    SourceOverdue {
        /// The source.
        source: String,
        /// Since when.
        since: Timestamp,
        /// The worker that is to read it; none where no worker does.
        holder: Option<String>,
    },
    /// A source has met a gap at which it is to stop.
    SourceStopped {
        /// The source.
        source: String,
        /// Why.
        reason: Option<String>,
        /// Since when.
        since: Timestamp,
    },
}

impl Problem {
    /// What it is about.
    #[must_use]
    pub const fn aspect(&self) -> Aspect {
        match self {
            Self::Latency { .. } => Aspect::Latency,
            Self::Failing { .. } => Aspect::Failing,
            Self::RunningLong { .. } => Aspect::Running,
            Self::Dying { .. } => Aspect::Dying,
            Self::LaneBlocked { .. } | Self::LaneLong { .. } => Aspect::Lanes,
            Self::LimitFull { .. } | Self::LimitUnused { .. } | Self::RateSlow { .. } => {
                Aspect::Limits
            }
            Self::BreakerOpen { .. } => Aspect::Breakers,
            Self::Stuck { .. } => Aspect::Waiting,
            Self::QueueUnserved { .. } => Aspect::Queues,
            Self::KindUnhandled { .. } => Aspect::Handlers,
            Self::SourceFailing { .. }
            | Self::SourceOverdue { .. }
            | Self::SourceStopped { .. } => Aspect::Sources,
        }
    }
}
