//! One look at a job and at all that decides about it, of one moment.

use std::time::Duration;

use super::{InLine, JobRecord};
use crate::condition::ConditionRecord;
use crate::id::{JobId, WorkerId};
use crate::time::Timestamp;
use crate::worker::WorkerRecord;

/// What an explanation of a job is made of, as it was at one moment. A new gate between a job and a worker is a fact
/// here, a variant of [`Gate`](super::Gate), and a test.
#[derive(Debug, Clone)]
pub struct Look {
    /// The database's clock.
    pub now: Timestamp,
    /// The job.
    pub job: JobRecord,
    /// The worker that it was given to, while it runs.
    pub held_by: Option<WorkerId>,
    /// Why it was asked to stop, while it runs.
    pub cancel_reason: Option<String>,
    /// The pause of its queue.
    pub queue_paused: Option<Paused>,
    /// The pause of its kind.
    pub kind_paused: Option<Paused>,
    /// Who leads, or led last.
    pub leader: Option<Lead>,
    /// Registered workers.
    pub workers: Vec<WorkerRecord>,
    /// How much of waiting makes the priorities of its queue's jobs smaller by one, where they age.
    pub ages_every: Option<Duration>,
    /// Available jobs of its queue that stand in no line either and are claimed before it, at most
    /// [`limits::LINE`](crate::limits::LINE).
    pub ahead: u64,
    /// What may keep it in line.
    pub in_line: InLine,
    /// What it waits for, while it waits for conditions; and its deadline.
    pub conditions: Vec<ConditionRecord>,
    /// The job that holds its unique key, which may be itself.
    pub key_holder: Option<JobId>,
    /// Another transaction that has locked its row, such as one that met it as the holder of a key, and that claims
    /// pass over. Nothing of the sort on SQLite.
    pub locked_by: Option<String>,
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself, where it does.
    pub until: Option<Timestamp>,
    /// Why, and by whom.
    pub note: Option<String>,
}

/// The duty to do for all what time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// Who has it.
    pub worker: WorkerId,
    /// Until when, unless renewed.
    pub until: Timestamp,
}
