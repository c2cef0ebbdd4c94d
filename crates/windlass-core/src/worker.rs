//! A worker as a store knows it: one row, renewed by its heartbeat.

mod build;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::id::{JobId, LeaseId, WorkerId};
use crate::job::{HandlerKey, KindLimits};
use crate::limit::{Limit, SetBy};
use crate::reply::{Now, Reply};
use crate::time::Timestamp;

pub use build::{MinimumBuild, RequiredBuild, Version, held_back, program_of};

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
    /// The kinds whose limits of failures or losses are not the defaults. The process that takes
    /// back the jobs of this worker may not know the kinds, so the store keeps the limits for as
    /// long as the worker has leases.
    pub kind_limits: BTreeMap<String, KindLimits>,
    /// How long jobs of its kinds are expected to run, where the kinds say so. Kept as the limits are.
    pub expected: BTreeMap<String, Duration>,
    /// The limits that it declares, and whether in code or in a file. What a person set stays.
    pub limits: Vec<(Limit, SetBy)>,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// How many of a kind it runs at once, of the kinds that say so.
    pub kind_slots: BTreeMap<String, u32>,
    /// How long its lease lasts without renewal.
    pub lease: Duration,
    /// What its life is told by.
    pub lives_with: LivesWith,
}

impl Registration {
    /// What a store keeps of [`Registration::kind_slots`]: a JSON object; `None` where no kind says so.
    #[must_use]
    pub fn kind_slots_text(&self) -> Option<String> {
        // A map of texts to numbers can be written as JSON.
        let text = serde_json::to_string(&self.kind_slots).unwrap_or_default();
        (!self.kind_slots.is_empty()).then_some(text)
    }
}

/// What [`Registration::kind_slots_text`] has kept.
#[must_use]
pub fn kind_slots(text: Option<&str>) -> BTreeMap<String, u32> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What the life of a worker is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LivesWith {
    /// The process that registers it: others see at once when that dies.
    #[default]
    Process,
    /// Its lease alone: it runs elsewhere, and outlives the process that speaks for it. Registered again by another process, it
    /// is the same worker.
    Lease,
}

impl LivesWith {
    /// What a store keeps of it.
    #[must_use]
    pub const fn of_remote(is_remote: bool) -> Self {
        if is_remote { Self::Lease } else { Self::Process }
    }
}

/// What a heartbeat says of its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// How long the lease lasts from now on.
    pub lease: Duration,
    /// How long ago a claim has last brought it jobs, as far as who speaks for it knows.
    pub claimed: Option<Duration>,
}

/// A renewal of so long a lease that says nothing of claims.
impl From<Duration> for Renewal {
    fn from(lease: Duration) -> Self {
        Self { lease, claimed: None }
    }
}

/// What a heartbeat learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beat {
    /// The lease is renewed.
    Alive {
        /// Leases the store has under this worker.
        leases: Vec<LeaseId>,
        /// Running jobs with a cancel request, with their reasons.
        cancels: Vec<(JobId, String)>,
        /// Whether it was asked to take no new work.
        quiet: bool,
        /// Whether it was asked to stop.
        stopping: bool,
        /// The minimum builds of all programs.
        required: Vec<MinimumBuild>,
    },
    /// The worker is not registered any more: its jobs were given to others.
    Gone,
}

/// A wish put to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// Take no new work.
    On,
    /// Take work again.
    Off,
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
    /// When a claim has last brought it jobs, as of its last heartbeat; `None` before the first one.
    pub claimed_at: Option<Timestamp>,
    /// The queues it serves.
    pub queues: Vec<String>,
    /// The kinds and versions it knows.
    pub handlers: Vec<HandlerKey>,
    /// How many jobs it runs at once.
    pub slots: u32,
    /// How many of a kind it runs at once, of the kinds that say so.
    pub kind_slots: BTreeMap<String, u32>,
    /// Jobs it holds now.
    pub running: u64,
    /// Whether it was asked to take no new work.
    pub quiet: bool,
    /// Whether it was asked to stop: it takes no new work, ends what it runs and leaves.
    pub stopping: bool,
    /// What its life is told by.
    #[serde(skip)]
    pub lives_with: LivesWith,
    /// The minimum build that it is below, and takes no new work for.
    pub held_back: Option<MinimumBuild>,
}

impl WorkerRecord {
    /// Whether it takes new work: it was not asked to take none or to stop, and is not held back by its build.
    #[must_use]
    pub fn takes_work(&self) -> bool {
        !self.quiet && !self.stopping && self.held_back.is_none()
    }
}

/// The verbs of workers.
pub trait WorkerStore: Send + Sync {
    /// Makes a worker known; its lease begins. Parked jobs that it knows become available. It gets the minimum builds of all
    /// programs, and claims nothing where it is below that of its own.
    fn register<'a>(&'a self, worker: &'a Registration, now: Now) -> Reply<'a, Vec<MinimumBuild>>;

    /// Renews a worker's lease, and keeps when it has last claimed.
    fn heartbeat(&self, worker: WorkerId, renewal: Renewal, now: Now) -> Reply<'_, Beat>;

    /// Takes a worker off the list, handing back what it still holds.
    fn leave(&self, worker: WorkerId, now: Now) -> Reply<'_, ()>;

    /// Asks a worker to take no new work, or to take it again. `false` where there is no such
    /// worker.
    fn quiet(&self, worker: WorkerId, wish: Quiet, now: Now) -> Reply<'_, bool>;

    /// Asks a worker to stop: it takes no new work, ends what it runs within its grace, and leaves. It cannot be taken back,
    /// and asking again changes nothing. `false` where there is no such worker.
    fn stop_worker(&self, worker: WorkerId, now: Now) -> Reply<'_, bool>;

    /// Sets the oldest build of a program that takes new work, in place of one that was set before, and tells the
    /// program's workers that there is news.
    ///
    /// # Errors
    /// [`Refusal::Builds`](crate::error::Refusal::Builds) where too many programs have one, otherwise what kept the store
    /// from writing.
    fn require_build<'a>(&'a self, minimum: &'a MinimumBuild, now: Now) -> Reply<'a, ()>;

    /// Removes the minimum build of a program, and tells its workers. `false` where there was none.
    fn allow_builds<'a>(&'a self, program: &'a str) -> Reply<'a, bool>;

    /// The minimum builds, by program.
    fn required_builds(&self) -> Reply<'_, Vec<RequiredBuild>>;

    /// Registered workers, oldest first.
    fn workers(&self) -> Reply<'_, Vec<WorkerRecord>>;
}
