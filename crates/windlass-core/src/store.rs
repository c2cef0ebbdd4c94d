//! The store: every transition of the domain as one method, each one atomic over a batch.
//!
//! Two stores implement it, for SQLite and for PostgreSQL, held equal by one conformance suite.
//! `now` is `None` for the database's clock; tests bind their own.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::error::StoreError;
use crate::filter::Filter;
use crate::id::{JobId, LeaseId, WorkerId};
use crate::job::{Claimed, Enqueued, HandlerKey, JobRecord, NewJob, WorkerRecord};
use crate::json::Json;
use crate::state::{Outcome, State};
use crate::time::Timestamp;
use crate::wake::Wakeups;

/// The database's clock, or the moment a test binds.
pub type Now = Option<Timestamp>;

/// What every method returns: a future that a `dyn Store` can give.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A worker that registers.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its id, new at each start and after each lost lease.
    pub worker: WorkerId,
    /// Host, process id and a few letters of the id, for people.
    pub label: String,
    /// The host it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// The program and version it runs.
    pub build: String,
    /// The queues it serves.
    pub queues: Vec<String>,
    /// The kinds and versions it knows.
    pub handlers: Arc<[HandlerKey]>,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// How long its lease lasts without renewal.
    pub lease: Duration,
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

/// What a claim got.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The lease the jobs are held under.
    pub lease: LeaseId,
    /// The jobs, in the order they are to start; empty where there was nothing.
    pub jobs: Vec<Arc<Claimed>>,
}

/// How one attempt ended and what becomes of the job.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The lease it was claimed under; the fence.
    pub lease: LeaseId,
    /// The job as it was claimed. A store may write it back from here instead of looking it up.
    pub job: Arc<Claimed>,
    /// How long the handler ran; `None` where it never started.
    pub ran: Option<Duration>,
    /// What becomes of the job.
    pub verdict: Verdict,
}

/// What becomes of a job after an attempt.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Done.
    Complete {
        /// What the handler returned.
        output: Option<Json>,
    },
    /// The handler finished the job in a transaction of its own. If that did not commit, the
    /// other verdict holds.
    Confirm {
        /// What becomes of the job when it is not finished.
        otherwise: Box<Verdict>,
    },
    /// Failed, to be tried again. If it was called off meanwhile it is cancelled instead.
    Retry {
        /// Error, timeout or panic.
        outcome: Outcome,
        /// What went wrong.
        error: String,
        /// How long it waits.
        delay: Duration,
    },
    /// Failed for good, or given up.
    Die {
        /// Error, timeout or panic.
        outcome: Outcome,
        /// What went wrong.
        error: String,
        /// Why there is no further attempt.
        reason: String,
    },
    /// Nothing is left to do: called off, discarded.
    Cancel {
        /// Cancelled or discarded.
        outcome: Outcome,
        /// Why.
        reason: String,
    },
    /// To be run again later by its own wish; no failure.
    Snooze {
        /// How long it waits.
        delay: Duration,
    },
    /// Handed back; no failure.
    Release {
        /// How long it waits; zero makes it available at once.
        delay: Duration,
    },
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Done,
    /// This attempt was settled before, by this same worker: an answer got lost.
    Already,
    /// The lease is gone; nothing was written.
    Lost,
    /// Somebody else's transaction holds the lease right now; try again.
    Busy,
}

/// What a heartbeat learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// The lease is renewed.
    Alive {
        /// Leases the store has under this worker.
        leases: Vec<LeaseId>,
        /// Running jobs that were called off, with their reasons.
        cancels: Vec<(JobId, String)>,
        /// Whether it was asked to take no new work.
        quiet: bool,
    },
    /// The worker is not registered any more: its jobs were given to others.
    Gone,
}

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Whether this worker is the leader; if not, nothing was done.
    pub leads: bool,
    /// Due jobs made available.
    pub promoted: u64,
    /// Workers found dead and removed.
    pub dead_workers: u64,
    /// Jobs taken back from them.
    pub rescued: u64,
    /// Of these, jobs that died of it.
    pub buried: u64,
    /// How long until the next job is due, where one is scheduled.
    pub next_due: Option<Duration>,
    /// Whether a heartbeat would bring news: a job called off, a wish for quiet.
    pub attention: bool,
    /// Live workers, this one among them, whoever leads.
    pub workers: u64,
}

/// What tidying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Finished jobs removed because their time of keeping was over.
    pub pruned: u64,
    /// Jobs moved out of the way because no live worker knows them.
    pub parked: u64,
    /// Jobs brought back because a worker now knows them.
    pub unparked: u64,
}

/// What became of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cancelled {
    /// It will never start.
    Now,
    /// It is running; its worker is told.
    Requested,
    /// It had ended already.
    Ended(State),
    /// There is no such job.
    Missing,
}

/// What became of a wish to run a job again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retried {
    /// It is available again, with its failures and losses at zero and its history kept.
    Now,
    /// It runs or is about to: nothing to do.
    Unneeded(State),
    /// There is no such job.
    Missing,
}

/// What became of a wish to move a job to another queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Moved {
    /// It is on that queue now, in the state and at the place in line that it had.
    Now,
    /// It was on that queue already.
    Unneeded(State),
    /// It runs or has ended, and stays where it is. One that runs and is tried again comes back
    /// to the queue it was claimed from.
    Left(State),
    /// There is no such job.
    Missing,
}

/// Numbers of jobs by queue and state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The numbers; what is absent is zero.
    pub by_queue: BTreeMap<String, BTreeMap<State, u64>>,
    /// Jobs that were completed or cancelled and then removed when their time of keeping ended.
    pub pruned: u64,
    /// False where counting took too long. PostgreSQL's estimate stands in then; on SQLite there
    /// are at least so many.
    pub exact: bool,
}

impl Counts {
    /// The number in one state over all queues.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        self.by_queue.values().filter_map(|queue| queue.get(&state)).sum()
    }

    /// All jobs there are or were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_queue.values().flat_map(BTreeMap::values).sum::<u64>() + self.pruned
    }
}

/// A queue as others see it.
#[derive(Debug, Clone, Serialize)]
pub struct QueueRecord {
    /// Its name.
    pub name: String,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// Why, and by whom.
    pub note: Option<String>,
    /// Live workers that serve it.
    pub workers: u32,
    /// Since when its oldest available job is due.
    pub oldest_due_at: Option<Timestamp>,
}

/// Jobs that wait for a worker that does not exist.
#[derive(Debug, Clone, Serialize)]
pub struct Unserved {
    /// Their queue.
    pub queue: String,
    /// Their kind.
    pub kind: String,
    /// The version of their args.
    pub version: u16,
    /// How many there are.
    pub jobs: u64,
    /// When the oldest was due.
    pub oldest_due_at: Timestamp,
    /// Whether some live worker serves the queue (and only the kind is unknown).
    pub queue_served: bool,
}

impl Unserved {
    /// The group, marked whether its queue is served; nothing where some worker that is alive
    /// serves the queue and knows the kind.
    #[must_use]
    pub fn unless_served(mut self, workers: &[WorkerRecord], now: Timestamp) -> Option<Self> {
        let key = HandlerKey::new(&self.kind, self.version);
        let serves =
            |worker: &&WorkerRecord| worker.expires_at > now && worker.queues.contains(&self.queue);
        let mut serving = workers.iter().filter(serves).peekable();
        let queue_served = serving.peek().is_some();
        let is_served = serving.any(|worker| worker.handlers.contains(&key));
        self.queue_served = queue_served;
        (!is_served).then_some(self)
    }
}

/// What a store says about itself, for `doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// Product and version, such as `PostgreSQL 15.19`.
    pub server: String,
    /// The schema's version in the database.
    pub schema_version: u32,
    /// The newest schema version this program knows.
    pub known_version: u32,
    /// Bytes of all tables and indexes, where it can be told.
    pub bytes: Option<u64>,
    /// The database's clock.
    pub now: Timestamp,
    /// Bytes of write-ahead log written since the database was made, where it can be told.
    pub log_bytes: Option<u64>,
    /// How a commit is made durable, such as `synchronous=FULL`.
    pub durability: String,
    /// Whether that is what a power cut needs.
    pub durable: bool,
    /// The age of the oldest snapshot that holds back clean-up, where it can be told, and whose
    /// it is.
    pub oldest_snapshot: Option<(Duration, String)>,
}

/// One page of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Jobs older than this one; `None` begins with the newest.
    pub before: Option<JobId>,
    /// At most this many.
    pub limit: usize,
}

/// Every transition of the domain. Each method is one atomic change over a batch; a batch of
/// none changes nothing.
pub trait Store: Send + Sync + 'static {
    /// Writes jobs, all or none. Committed when it returns.
    fn enqueue<'a>(&'a self, jobs: &'a [NewJob], now: Now) -> Reply<'a, Vec<Enqueued>>;

    /// Makes a worker known; its lease begins. Parked jobs that it knows become available.
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, ()>;

    /// Takes available jobs under a new lease, counting their attempts.
    fn claim<'a>(&'a self, request: &'a ClaimRequest, now: Now) -> Reply<'a, Batch>;

    /// Writes how attempts ended, each only where its lease still holds. Each is atomic; those of
    /// one call need not be written together. A settlement brings lease, place and job as one
    /// claim gave them; a store need not check that they belong together. The answers are in the
    /// order of the settlements.
    fn settle<'a>(
        &'a self,
        worker: WorkerId,
        settlements: &'a [Settlement],
        now: Now,
    ) -> Reply<'a, Vec<Settled>>;

    /// Hands back what is unsettled of one lease, without counting a failure.
    fn release<'a>(&'a self, worker: WorkerId, lease: LeaseId, now: Now) -> Reply<'a, u64>;

    /// Renews a worker's lease.
    fn heartbeat(&self, worker: WorkerId, lease: Duration, now: Now) -> Reply<'_, Beat>;

    /// Takes a worker off the list, handing back what it still holds.
    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()>;

    /// One bounded round of what time brings: promote due jobs, rescue dead workers' jobs. Only
    /// the leader does it; a worker becomes leader where there is no live one.
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept>;

    /// One bounded round of what can wait: prune, park, unpark.
    fn tidy(&self, now: Now) -> Reply<'_, Tidied>;

    /// Calls jobs off. The answers are in the order of the ids.
    fn cancel<'a>(
        &'a self,
        jobs: &'a [JobId],
        reason: &'a str,
        now: Now,
    ) -> Reply<'a, Vec<Cancelled>>;

    /// Makes jobs available at once, whatever they wait for or how they ended. The answers are
    /// in the order of the ids.
    fn retry<'a>(&'a self, jobs: &'a [JobId], now: Now) -> Reply<'a, Vec<Retried>>;

    /// Gives jobs that neither run nor have ended to another queue, and wakes its workers. The
    /// answers are in the order of the ids.
    fn move_jobs<'a>(&'a self, jobs: &'a [JobId], queue: &'a str) -> Reply<'a, Vec<Moved>>;

    /// Stops claims from a queue, also for workers that come later.
    fn pause<'a>(&'a self, queue: &'a str, note: Option<&'a str>, now: Now) -> Reply<'a, ()>;

    /// Lets claims from a queue go on. `false` where it was not paused.
    fn resume<'a>(&'a self, queue: &'a str, now: Now) -> Reply<'a, bool>;

    /// Asks a worker to take no new work, or to take it again. `false` where there is no such
    /// worker.
    fn quiet(&self, worker: WorkerId, wish: Quiet, now: Now) -> Reply<'_, bool>;

    /// One job, wherever it is.
    fn job(&self, id: JobId) -> Reply<'_, Option<JobRecord>>;

    /// Jobs that match, newest first.
    fn jobs<'a>(&'a self, filter: &'a Filter, page: Page) -> Reply<'a, Vec<JobRecord>>;

    /// Numbers of jobs by queue and state, exact unless that takes longer than the limit.
    fn counts(&self) -> Reply<'_, Counts>;

    /// Queues that have jobs, workers or a pause.
    fn queues(&self) -> Reply<'_, Vec<QueueRecord>>;

    /// Registered workers, oldest first.
    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>>;

    /// Jobs that are due and that no live worker could run.
    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>>;

    /// What the store says about itself.
    fn facts(&self) -> Reply<'_, Facts>;

    /// Hints that work has come, for workers in this process. They may be late or lost: a
    /// worker polls as well.
    fn wakeups(&self) -> &Wakeups;
}

/// A wish put to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// Take no new work.
    On,
    /// Take work again.
    Off,
}
