//! What is not as it should be.

use serde::Serialize;
use utoipa::ToSchema;

use super::{JobId, LimitOn, Moment, State};

/// From where on something is a problem.
#[derive(Serialize, ToSchema)]
pub(crate) struct Thresholds {
    /// So long a job may be due before it starts.
    latency_ms: u64,
    /// So many failures a job has in a row before its kind is failing; so many a source's feed.
    failures: u32,
    /// So long a job may run whose kind does not say how long it is expected to.
    running_ms: u64,
    /// Jobs that died within so long are news.
    died_within_ms: u64,
    /// So many jobs may wait in a lane.
    lane: u64,
    /// Kinds that are left out: none of their jobs is a problem.
    mute: Vec<String>,
}

/// Something that is not as it should be.
#[derive(Serialize, ToSchema)]
#[schema(as = HealthProblem)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub(crate) enum Problem {
    /// The oldest job of a queue that is due waits for too long. Pauses are not counted.
    Latency {
        queue: String,
        /// The kind of that job.
        kind: String,
        /// When it was due.
        oldest_due_at: Moment,
    },
    /// Jobs of a kind fail again and again.
    Failing {
        kind: String,
        jobs: u64,
        /// Whether there are more, or may be.
        or_more: bool,
        /// The failures of the one that failed most often.
        failures: u32,
        /// That one.
        job: JobId,
    },
    /// A job runs for too long.
    RunningLong {
        job: JobId,
        kind: String,
        queue: String,
        worker: String,
        since: Moment,
        /// How long its kind is expected to run, where it says so.
        expected_ms: Option<u64>,
    },
    /// Jobs of a kind died lately.
    Dying {
        kind: String,
        jobs: u64,
        /// Whether there are more, or may be.
        or_more: bool,
        /// When the last one did.
        last_at: Moment,
        /// That one.
        job: JobId,
    },
    /// A lane stands still behind a dead job.
    LaneBlocked {
        /// Its key.
        lane: String,
        /// The dead job.
        job: JobId,
        kind: String,
        /// Why it is dead.
        reason: Option<String>,
        since: Moment,
        /// How many wait behind it.
        jobs: u64,
        /// Whether there are more, or may be.
        or_more: bool,
    },
    /// Many jobs wait in a lane.
    LaneLong {
        /// Its key.
        lane: String,
        jobs: u64,
        /// Whether there are more, or may be.
        or_more: bool,
    },
    /// As many run as a limit lets, while a job that it concerns waits for too long.
    LimitFull {
        on: LimitOn,
        /// So many run at once.
        most: u32,
        /// Keys that are full, where it is a limit by key.
        full_keys: Option<u64>,
        /// When the oldest job that waits was due.
        oldest_due_at: Moment,
    },
    /// A limit is set for something that no job and no worker knows.
    LimitUnused {
        on: LimitOn,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// At a limit's rate the jobs that wait take longer than a day.
    RateSlow {
        on: LimitOn,
        /// How many wait.
        jobs: u64,
        /// Whether there are more, or may be.
        or_more: bool,
        /// How long they take.
        takes_ms: u64,
    },
    /// A breaker is open.
    BreakerOpen {
        on: LimitOn,
        since: Moment,
        /// When a job probes.
        until: Moment,
    },
    /// A job waits for the end of another one which has ended in another way, or is gone, and has no deadline.
    Stuck {
        job: JobId,
        kind: String,
        queue: String,
        /// When it was written.
        since: Moment,
        /// The first of its conditions that cannot be met.
        condition: String,
        /// The job that this one waits for.
        awaited: JobId,
        /// How that one has ended; null where it is gone.
        ended: Option<State>,
    },
    /// Jobs are due in a queue that no live worker serves.
    QueueUnserved {
        queue: String,
        /// The kind of the oldest one.
        kind: String,
        /// When that was due.
        oldest_due_at: Moment,
    },
    /// Jobs are parked, since no live worker knows their kind and version.
    KindUnhandled {
        kind: String,
        version: u16,
        /// The queue of the first of them.
        queue: String,
        jobs: u64,
        /// Whether there are more, or may be.
        or_more: bool,
        /// When the oldest of those that were looked at was due.
        oldest_due_at: Moment,
    },
    /// A source's feed cannot be read, again and again.
    SourceFailing {
        source: String,
        /// How often, one after the other.
        failures: u32,
        /// Why it could not be read last.
        error: String,
        /// When that was.
        failed_at: Moment,
    },
    /// A source's feed should have been asked, and nobody does.
    SourceOverdue {
        source: String,
        since: Moment,
        /// The worker that is to read it; null where no worker does.
        holder: Option<String>,
    },
    /// A source has met a gap at which it is to stop.
    SourceStopped { source: String, reason: Option<String>, since: Moment },
}

/// A kind that is paused.
#[derive(Serialize, ToSchema)]
pub(crate) struct PausedKind {
    kind: String,
    paused_at: Moment,
    /// When it goes on by itself, where it does.
    paused_until: Option<Moment>,
    /// Why, and by whom.
    note: Option<String>,
}
