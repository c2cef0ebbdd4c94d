//! What time brings: due jobs, dead workers, jobs whose time of keeping is over.

use std::time::Duration;

use crate::id::WorkerId;
use crate::reply::{Now, Reply};

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Whether this worker is the leader; if not, nothing was done.
    pub leads: bool,
    /// Due jobs made available.
    pub promoted: u64,
    /// Jobs cancelled since they had not started in time.
    pub expired: u64,
    /// Jobs moved out of the way since their kind is paused, and brought back since it is not any more.
    pub moved_aside: u64,
    /// Jobs that have waited long enough to go before more urgent ones.
    pub aged: u64,
    /// Conditions of jobs that a moment has met, or that it was too late for.
    pub conditions: u64,
    /// Workers found dead and removed.
    pub dead_workers: u64,
    /// Jobs taken back from them.
    pub rescued: u64,
    /// Of these, jobs that died of it.
    pub died: u64,
    /// How long until the next job is due or expires, where one does.
    pub next_due: Option<Duration>,
    /// Whether a heartbeat would bring news: a cancel request, a wish for quiet.
    pub attention: bool,
    /// How long until a schedule is due, for the leader alone; zero where one may have to be looked at.
    pub next_fire: Option<Duration>,
    /// Whether there are events that the subscriptions have not been fed.
    pub feeds: bool,
    /// Whether a subscription wants events of Windlass's own, or such an event has told of something that lasts.
    pub alerts: bool,
    /// How long until an operation has a round, for the leader alone.
    pub operates: Option<Duration>,
    /// Live workers, this one among them.
    pub workers: u64,
}

/// What tidying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Finished jobs removed because their time of keeping was over.
    pub pruned: u64,
    /// Events removed because their time of keeping was over.
    pub forgotten: u64,
    /// Jobs moved out of the way because no live worker knows them.
    pub parked: u64,
    /// Jobs brought back because a worker now knows them.
    pub unparked: u64,
}

/// What the leader does for all.
pub trait MaintenanceStore: Send + Sync {
    /// One bounded round of what time brings: promote due jobs, cancel expired ones, have jobs age, rescue dead
    /// workers' jobs. Only the leader does it; a worker becomes leader where there is no live one.
    fn sweep(&self, worker: WorkerId, now: Now) -> Reply<'_, Swept>;

    /// One bounded round of what can wait: prune, park, unpark.
    fn tidy(&self, now: Now) -> Reply<'_, Tidied>;
}
