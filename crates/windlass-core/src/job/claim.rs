//! A job in the hands of a worker: what a claim asks for and what it gets.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Meta, NewJob, Settlement, Verdict};
use crate::client::depth_of;
use crate::event::{EventRecord, NewEvent};
use crate::id::{JobId, LeaseId, WorkerId};
use crate::json::Json;
use crate::subscription::NO_ARGS;
use crate::time::Timestamp;

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

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(kind, _)| kind)
    }
}

/// How many jobs one queue may give to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The queue.
    pub queue: String,
    /// At most this many of its jobs.
    pub jobs: usize,
}

/// A claim: up to `jobs` available jobs of the queues, in the order of `shares`.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Who claims.
    pub worker: WorkerId,
    /// The id of the new lease, random.
    pub lease: LeaseId,
    /// What each queue may give. Queues named first are served first.
    pub shares: Vec<Share>,
    /// What all of them may give together.
    pub jobs: usize,
    /// The args of all of them together may have this many bytes; one larger job is still taken.
    pub bytes: usize,
    /// The kinds and versions the worker knows; others stay where they are.
    pub handlers: Arc<[HandlerKey]>,
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
    /// Its args as they are stored; see [`Claimed::payload`].
    pub args: Json,
    /// The event it comes of, where it comes of one: it lies in the log, and is read once for all jobs of a claim.
    pub event: Option<Arc<EventRecord>>,
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

impl Claimed {
    /// How many jobs and events there are between it and the root of its tree, and itself; 0 for the root.
    #[must_use]
    pub fn depth(&self) -> u16 {
        depth_of(self.meta.depth, self.parent)
    }

    /// What the handler gets: its args, or where it has none the data of its event.
    #[must_use]
    pub fn payload(&self) -> &Json {
        let event = self.event.as_ref().filter(|_| self.args.as_str() == NO_ARGS);
        event.and_then(|event| event.data.as_ref()).unwrap_or(&self.args)
    }
}

/// What a claim got.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The lease the jobs are held under.
    pub lease: LeaseId,
    /// When they were claimed, by the database's clock; said where there are jobs.
    pub claimed_at: Option<Timestamp>,
    /// The jobs, in the order they are to start; empty where there was nothing.
    pub jobs: Vec<Arc<Claimed>>,
}

/// A job that a worker holds.
#[derive(Debug, Clone)]
pub struct InHand {
    /// The lease it is held under.
    pub lease: LeaseId,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// The job as it was claimed, without its event.
    pub job: Arc<Claimed>,
}

/// A job that is done, and what is written together with that.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// What the handler returned.
    pub output: Option<Json>,
    /// How long it ran.
    pub ran: Option<Duration>,
    /// Jobs that follow it.
    pub jobs: Vec<NewJob>,
    /// Events that come of it.
    pub events: Vec<NewEvent>,
}

impl Completion {
    /// The completion alone, as a settlement.
    #[must_use]
    pub fn settlement(&self, fence: &Fence) -> Settlement {
        Settlement {
            lease: fence.lease,
            job: Arc::clone(&fence.job),
            ran: self.ran,
            verdict: Verdict::Complete { output: self.output.clone() },
        }
    }
}

/// What fences a write in the name of an attempt: the lease, the place in it and the worker.
#[derive(Debug, Clone)]
pub struct Fence {
    /// The lease.
    pub lease: LeaseId,
    /// The job as it was claimed, with its place in the lease.
    pub job: Arc<Claimed>,
    /// The worker that holds the lease.
    pub worker: WorkerId,
    /// The worker's label, as it goes into the job's record.
    pub label: Arc<str>,
}

/// The result of a write in the name of an attempt that runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fenced {
    /// It is written.
    Done,
    /// The lease is gone; nothing was written.
    Lost,
    /// Somebody else has the lease locked right now; try again.
    Busy,
}
