//! One line of a history.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass_core::condition::Ends;
use windlass_core::error::StoreError;
use windlass_core::event::{EventRecord, NewEvent};
use windlass_core::id::{BatchId, EventId, JobId, LeaseId, WorkerId};
use windlass_core::job::{Settled, Verdict};
use windlass_core::json::Json;

/// What happened, where and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Nanoseconds of the machine's monotonic clock.
    pub at: u64,
    /// The process.
    pub process: u32,
    /// What happened.
    pub event: Event,
}

/// Something that is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Jobs are to be written.
    Enqueue {
        /// Names this call; its answer carries the same.
        call: u64,
        /// The jobs.
        jobs: Vec<Wanted>,
    },
    /// What came of it.
    Enqueued {
        /// The call.
        call: u64,
        /// Whether it happened.
        fate: Fate,
        /// Jobs that were there already.
        existing: Vec<JobId>,
    },
    /// A worker is known, or its lease renewed.
    Renewed {
        /// The worker.
        worker: WorkerId,
        /// When it was asked for.
        asked: u64,
        /// How long the lease lasts.
        lease: Duration,
        /// The leases on jobs that the store has for it.
        held: Vec<LeaseId>,
        /// Whether the session stood that proves that its process lives.
        hears: bool,
    },
    /// Jobs were taken.
    Claimed {
        /// When it was asked for.
        asked: u64,
        /// Who took them.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseId,
        /// The jobs.
        jobs: Vec<Taken>,
    },
    /// A claim whose answer was lost.
    ClaimUnknown {
        /// The lease it asked for.
        lease: LeaseId,
    },
    /// The end of an attempt was sent to the store.
    Settled {
        /// When it was sent.
        asked: u64,
        /// The lease.
        lease: LeaseId,
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: u32,
        /// What was to happen to the job.
        wish: Wish,
        /// What the store said.
        answer: Answer,
    },
    /// A handler began.
    Start {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: u32,
        /// The lease.
        lease: LeaseId,
        /// The worker's name for people.
        worker: String,
    },
    /// A handler ended by itself.
    End {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: u32,
    },
    /// A process was killed.
    Killed {
        /// Which.
        process: u32,
    },
    /// The database died without a checkpoint and came back. Claims of its last moments may be
    /// undone: they alone are committed without waiting for the disk.
    Crashed {
        /// When it was about to die; the record is of when it was gone.
        began: u64,
    },
    /// The database ended all sessions. A worker that does not renew from here on may have been taken for
    /// dead before its lease was over: its session was what proved that it lived.
    SessionsEnded {
        /// When they were about to end; the record is of when they had.
        began: u64,
    },
    /// A queue was paused.
    Paused {
        /// The queue.
        queue: String,
    },
    /// A queue was opened again.
    Resumed {
        /// The queue.
        queue: String,
        /// When it was asked for.
        asked: u64,
    },
    /// The limit of a kind was set or removed.
    LimitSet {
        /// The kind.
        kind: String,
        /// How many run at once; none where it was removed, and where nobody knows.
        running: Option<u32>,
        /// When it was asked for.
        asked: u64,
    },
    /// A signal was sent, with whatever answer.
    Signalled {
        /// Its key.
        key: String,
        /// When it was sent.
        asked: u64,
        /// Whether the store said that it is written.
        is_told: bool,
        /// Whether it says that it will not come.
        is_withdrawn: bool,
    },
    /// Somebody ran a job again, or may have: the answer may be lost.
    Revived {
        /// The job.
        job: JobId,
        /// When it was asked for.
        asked: u64,
    },
    /// Somebody asked for jobs to be cancelled, with whatever answer.
    CancelAsked {
        /// The jobs.
        jobs: Vec<JobId>,
    },
    /// A batch was opened, or may have been: it does not end before it is sealed.
    Opened {
        /// The batch.
        batch: BatchId,
    },
    /// A batch is sealed, as the store said.
    Sealed {
        /// The batch.
        batch: BatchId,
    },
    /// What a handler that runs after a batch was told of it.
    Counted {
        /// Its job.
        job: JobId,
        /// The batch.
        batch: BatchId,
        /// How its jobs had ended.
        counted: Counted,
    },
    /// The work of a step was done, and is to be recorded.
    StepDone {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: u32,
        /// The step's name.
        step: String,
    },
    /// Steps are recorded, as the store said.
    StepsKept {
        /// The job.
        job: JobId,
        /// The attempt.
        attempt: u32,
        /// The steps' names.
        steps: Vec<String>,
    },
    /// Events are to be published, in one transaction.
    Publish {
        /// Names this call; its answer carries the same.
        call: u64,
        /// The events.
        events: Vec<Said>,
    },
    /// What came of it: whether that transaction was committed.
    Published {
        /// The call.
        call: u64,
        /// Whether it happened.
        fate: Fate,
        /// Events that their sources had published before, each with the one that is there.
        existing: Vec<(EventId, EventId)>,
    },
    /// A subscription is there, as the store says after it was made or changed.
    Subscribed(Subscribed),
    /// A subscription is to be removed, with whatever answer.
    Unsubscribed {
        /// Its name.
        name: String,
    },
    /// A part of the log is to be fed; the jobs that come of it are the enqueue with the same call.
    Route {
        /// Names this call.
        call: u64,
        /// The subscription that catches up; none for those that are live.
        number: Option<u32>,
    },
    /// Somebody has read the log behind a position.
    LogSeen {
        /// The position.
        after: u64,
        /// The first and the last one that he saw.
        seen: (u64, u64),
        /// How many there were.
        events: u64,
    },
    /// What somebody has read of the log who writes all of it down.
    LogRead {
        /// The events, in its order.
        events: Vec<Logged>,
    },
    /// How long events are kept, as the store said.
    Kept {
        /// So long at least.
        at_least: Duration,
    },
    /// What a handler is told of the event that its job comes of.
    Handled {
        /// The job.
        job: JobId,
        /// The event, where there is one.
        event: Option<Told>,
    },
}

/// An event that is to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its id.
    pub event: EventId,
    /// Its source, and the id that this gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<(String, String)>,
    /// What has happened.
    pub event_type: String,
    /// What it has happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The member `counter` of its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u64>,
}

impl Said {
    /// What is written down of an event.
    #[must_use]
    pub fn of(event: &NewEvent) -> Self {
        let given = event.given.as_ref().map(|id| (event.source.clone(), id.clone()));
        Self {
            event: event.id,
            given,
            event_type: event.event_type.clone(),
            key: event.subject.clone(),
            counter: event.data.as_ref().and_then(counter),
        }
    }
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Its position.
    pub position: u64,
    /// When it got that, in microseconds since 1970.
    pub recorded_at: i64,
    /// The event.
    pub said: Said,
}

impl Logged {
    /// What is written down of an event that has a position.
    #[must_use]
    pub fn of(event: &EventRecord) -> Option<Self> {
        let given = event.given.as_ref().map(|id| (event.source.clone(), id.clone()));
        let said = Said {
            event: event.id,
            given,
            event_type: event.event_type.clone(),
            key: event.subject.clone(),
            counter: event.data.as_ref().and_then(counter),
        };
        Some(Self { position: event.position?, recorded_at: event.recorded_at?.as_micros(), said })
    }
}

/// The member `counter` of an event's data.
#[must_use]
pub fn counter(data: &Json) -> Option<u64> {
    data.read::<serde_json::Value>().ok()?.get("counter")?.as_u64()
}

/// A subscription, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// A number that no other one gets.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// It wants events behind this position.
    pub after: u64,
    /// The last position that it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// How far the log reached soon after it was made: of what comes before that some may have been removed before it was made.
    pub reached: u64,
    /// The types that it wants, such as `order.*`; none for all. Nothing where its filter says more than that: what it
    /// wants is not judged then.
    pub types: Option<Vec<String>>,
    /// Whether events with one subject are handled one after the other.
    pub has_lane: bool,
    /// How many of its jobs may be unfinished.
    pub credit: u32,
}

/// What a handler is told of the event that its job comes of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The event.
    pub event: EventId,
    /// Its position in the log.
    pub position: Option<u64>,
    /// What it has happened to.
    pub key: Option<String>,
    /// The member `counter` of the job's args.
    pub counter: Option<u64>,
}

/// How the jobs of a batch have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Not yet.
    pub open: u64,
    /// Completed.
    pub completed: u64,
    /// Cancelled or expired.
    pub cancelled: u64,
    /// Dead.
    pub dead: u64,
}

/// The place of a job in a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InBatch {
    /// The batch.
    pub batch: BatchId,
    /// Its name in a workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The workflow that the batch undoes, where it begins with this job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<BatchId>,
}

/// A job that is to be written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wanted {
    /// Its id.
    pub job: JobId,
    /// Its kind.
    #[serde(default)]
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// Whether it is due at once, and waits for nothing else.
    pub is_due: bool,
    /// The unique key that it is to hold until it has ended, with its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// The key of its limit, and how many of it run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<(String, u32)>,
    /// The batch it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_batch: Option<InBatch>,
    /// The jobs that it waits for, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<JobId>,
    /// The batches that it waits for, all of them, and in which ways they may end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_batches: Vec<(BatchId, Ends)>,
    /// The signals that it waits for, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// How long after it is written it may start, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// A job that was taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Taken {
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub attempt: u32,
    /// The queue it came from.
    pub queue: String,
}

/// Whether a call happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It did.
    Done,
    /// It did not.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Fate {
    /// The fate of a call that failed with this error.
    #[must_use]
    pub fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Unknown { .. } => Self::Unknown,
            _ => Self::Refused,
        }
    }
}

/// What was to happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To be completed.
    Complete,
    /// To be dead.
    Die,
    /// To be cancelled.
    Cancel,
    /// To be run again.
    Again,
}

impl Wish {
    /// What this verdict wants.
    #[must_use]
    pub const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Complete { .. } | Verdict::Confirm { .. } => Self::Complete,
            Verdict::Die { .. } => Self::Die,
            Verdict::Cancel { .. } => Self::Cancel,
            Verdict::Retry { .. }
            | Verdict::Snooze { .. }
            | Verdict::Wait { .. }
            | Verdict::Release { .. } => Self::Again,
        }
    }
}

/// What a store said to a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Written.
    Done,
    /// Written before.
    Already,
    /// The lease is gone.
    Lost,
    /// Not now.
    Busy,
    /// Nobody knows.
    Unknown,
    /// It did not happen.
    Refused,
}

impl From<Settled> for Answer {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Done => Self::Done,
            Settled::Already => Self::Already,
            Settled::Lost => Self::Lost,
            Settled::Busy => Self::Busy,
        }
    }
}

impl From<Fate> for Answer {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Done => Self::Done,
            Fate::Refused => Self::Refused,
            Fate::Unknown => Self::Unknown,
        }
    }
}
