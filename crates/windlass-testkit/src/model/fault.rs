//! Stores with a fault put in, each the kind of bug that queues have really had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use windlass_core::filter::Filter;
use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{Claimed, Enqueued, JobRecord, NewJob, WorkerRecord};
use windlass_core::limits::LEASE;
use windlass_core::store::{
    Batch, Beat, Cancelled, ClaimRequest, Counts, Facts, Now, Page, QueueRecord, Quiet,
    Registration, Reply, Retried, Settled, Settlement, Store, Swept, Tidied, Unserved,
};
use windlass_core::wake::Wakeups;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// L3: a settlement ends whatever attempt the job is at.
    SettlesWithoutFence,
    /// L3, X2: a settlement sent twice is reported as written twice.
    ForgetsWhatWasSettled,
    /// L2, L5: a worker is rescued before its lease has run out.
    RescuesTooEarly,
    /// D1: a job is acknowledged and not written.
    LosesAJob,
    /// W3: a paused queue still gives jobs.
    ForgetsPauses,
    /// C1: a cancel is acknowledged and not written.
    ForgetsCancels,
    /// L8: a job handed back by its worker loses its attempt and its place: it is written anew.
    SettlesLate,
}

impl Fault {
    pub(super) const ALL: [Self; 7] = [
        Self::SettlesWithoutFence,
        Self::ForgetsWhatWasSettled,
        Self::RescuesTooEarly,
        Self::LosesAJob,
        Self::ForgetsPauses,
        Self::ForgetsCancels,
        Self::SettlesLate,
    ];
}

/// A store with a fault.
pub(super) struct FaultyStore {
    store: Arc<dyn Store>,
    fault: Fault,
    /// Each job as it was claimed last, with the lease.
    last: Mutex<HashMap<JobId, (LeaseId, Arc<Claimed>)>>,
}
