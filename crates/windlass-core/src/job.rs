//! A job as it is written, and a job as it is read back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::id::{JobId, WorkerId};
use crate::json::Json;
use crate::name::{DEFAULT_QUEUE, check_kind, check_queue};
use crate::state::{Outcome, State};
use crate::time::Timestamp;

/// When a job becomes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Due {
    /// As soon as it is committed.
    #[default]
    Now,
    /// This long after it is written, by the database's clock.
    In(Duration),
    /// At this moment.
    At(Timestamp),
}

/// Whether a job's id may already exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// The id is new: nobody looks for another job with it.
    #[default]
    Fresh,
    /// The caller chose the id, perhaps after a lost answer: an existing job with it, in any
    /// state, is kept and reported as [`Enqueued::Existing`].
    Given,
}

/// A job to be written. Required things are arguments of [`NewJob::new`], the rest has defaults.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id, made by the client.
    pub id: JobId,
    /// Whether the id may exist already.
    pub identity: Identity,
    /// What is to be done; handlers are found by it.
    pub kind: String,
    /// The shape of `args`, from 1.
    pub version: u16,
    /// Where it waits.
    pub queue: String,
    /// Smaller runs first; 0 unless said otherwise.
    pub priority: i16,
    /// What the handler gets.
    pub args: Json,
    /// When it may run.
    pub due: Due,
    /// Failures after which it is dead; 0 never gives up; `None` leaves it to the handler.
    pub max_attempts: Option<u16>,
    /// The job at the root of its tree, `None` where it is its own.
    pub root: Option<JobId>,
    /// The job whose handler enqueued it.
    pub parent: Option<JobId>,
    /// Who enqueued it, for people.
    pub origin: Option<String>,
    /// What few jobs need.
    pub meta: Meta,
}

/// Rare properties of a job, stored together and absent where none is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Meta {
    /// How long its handler may run, in milliseconds; wins over the handler's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// W3C trace context of the enqueuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The queue its kind declares, where the caller chose another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_queue: Option<String>,
}

impl Meta {
    /// The JSON that is stored, `None` where nothing is set.
    #[must_use]
    pub fn to_stored(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// What a store gave back; a text nobody here wrote reads as nothing set.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

impl NewJob {
    /// A job of this kind with these args, due at once, on the default queue.
    #[must_use]
    pub fn new(kind: impl Into<String>, args: Json) -> Self {
        Self {
            id: JobId::new(),
            identity: Identity::Fresh,
            kind: kind.into(),
            version: 1,
            queue: DEFAULT_QUEUE.to_owned(),
            priority: 0,
            args,
            due: Due::Now,
            max_attempts: None,
            root: None,
            parent: None,
            origin: None,
            meta: Meta::default(),
        }
    }

    /// Checks what the types leave open.
    ///
    /// # Errors
    /// When the kind or the queue has a name that cannot be used.
    pub fn check(&self) -> Result<(), Refusal> {
        check_kind(&self.kind)?;
        check_queue(&self.queue)?;
        Ok(())
    }

    /// What its worker must know to run it: kind and version.
    #[must_use]
    pub fn handler(&self) -> HandlerKey {
        HandlerKey::new(&self.kind, self.version)
    }
}

/// What became of a job at enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It was written.
    New(JobId),
    /// A job with this id was there already and was left alone.
    Existing(JobId),
}

impl Enqueued {
    /// The job's id.
    #[must_use]
    pub const fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}

/// A kind and a version of its args, as `kind@version`: what a worker must know to run a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandlerKey(String);

impl HandlerKey {
    /// The key of a kind's version.
    #[must_use]
    pub fn new(kind: &str, version: u16) -> Self {
        Self(format!("{kind}@{version}"))
    }

    /// The text `kind@version`, as stores compare it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job in the hands of a worker.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its place in the lease, from 1.
    pub position: i16,
    /// How many jobs were claimed under the lease.
    pub batch: i16,
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// The version of its args.
    pub version: u16,
    /// The queue it came from.
    pub queue: String,
    /// Its priority.
    pub priority: i16,
    /// The number of this attempt, from 1; it is counted before the handler starts. Claims are not
    /// flushed: after a crash of the database server the number may be given again, under another
    /// lease.
    pub attempt: u32,
    /// Attempts that failed so far.
    pub failures: u32,
    /// Workers that died with it so far.
    pub losses: u16,
    /// Its own limit of failures.
    pub max_attempts: Option<u16>,
    /// What the handler gets.
    pub args: Json,
    /// When it became due.
    pub run_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// The root of its tree.
    pub root: Option<JobId>,
    /// The job whose handler enqueued it.
    pub parent: Option<JobId>,
    /// Who enqueued it.
    pub origin: Option<String>,
    /// What few jobs have.
    pub meta: Meta,
    /// Its past attempts as stored, for a store that writes the whole row at settlement.
    pub history: Option<Box<str>>,
}

/// One past attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The label of the worker that had it.
    pub worker: String,
    /// When its handler started; `None` where it is not known that it did.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(with = "micros")]
    pub ended_at: Option<Timestamp>,
    /// What the handler or the engine said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// Moments inside stored history are plain microseconds, so that SQL can append them.
mod micros {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(Timestamp::as_micros).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_micros))
    }
}

/// A job as a store shows it, whatever state it is in.
#[derive(Debug, Clone)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// The version of its args.
    pub version: u16,
    /// Its queue.
    pub queue: String,
    /// Where it stands.
    pub state: State,
    /// Its priority.
    pub priority: i16,
    /// How often it was claimed.
    pub attempt: u32,
    /// How many attempts failed.
    pub failures: u32,
    /// How many workers died with it.
    pub losses: u16,
    /// Its own limit of failures.
    pub max_attempts: Option<u16>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is or was due.
    pub run_at: Timestamp,
    /// When it was claimed, while it runs; when its last attempt started, once it ended.
    pub started_at: Option<Timestamp>,
    /// When it ended for good.
    pub finished_at: Option<Timestamp>,
    /// The worker that has it, or had it last.
    pub worker: Option<String>,
    /// Its args.
    pub args: Json,
    /// What its handler returned.
    pub output: Option<Json>,
    /// Why it is where it is: why it is dead, cancelled or parked.
    pub reason: Option<String>,
    /// Whether a running job has been asked to stop.
    pub cancel_requested: bool,
    /// Attempts that did not complete it, oldest first.
    pub history: Vec<Attempt>,
    /// The root of its tree, `None` where it is its own.
    pub root: Option<JobId>,
    /// The job that enqueued it.
    pub parent: Option<JobId>,
    /// Who enqueued it.
    pub origin: Option<String>,
    /// What few jobs have.
    pub meta: Meta,
}

/// A worker process as others see it.
#[derive(Debug, Clone, Serialize)]
pub struct WorkerRecord {
    /// Its id, new at each start.
    pub id: WorkerId,
    /// Host, process id and a few letters, for people.
    pub label: String,
    /// The host it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// The program and version it runs.
    pub build: String,
    /// When it registered.
    pub started_at: Timestamp,
    /// When it last renewed its lease.
    pub seen_at: Timestamp,
    /// When its lease runs out unless renewed.
    pub expires_at: Timestamp,
    /// The queues it serves.
    pub queues: Vec<String>,
    /// The kinds and versions it knows.
    pub handlers: Vec<HandlerKey>,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// Jobs it holds now.
    pub running: u64,
    /// Whether it was asked to take no new work.
    pub quiet: bool,
}
