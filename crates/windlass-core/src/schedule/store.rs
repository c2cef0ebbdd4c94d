//! What a store does with schedules.

use std::time::Duration;

use super::{Declaration, Definition, NextRun, Owner, ScheduleRecord};
use crate::job::NewJob;
use crate::reply::{Now, Reply};
use crate::time::Timestamp;

/// A schedule as it is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchedulePut {
    /// Its name.
    pub name: String,
    /// The revision that was seen, `None` where there was no such schedule. Another one refuses the write.
    pub seen: Option<i64>,
    /// What it is.
    pub definition: Definition,
    /// Who decides that.
    pub owner: Owner,
    /// Who says so; `None` leaves who said so last.
    pub changed_by: Option<String>,
    /// What was declared, with the moment left to the store.
    pub declared: Option<Declaration>,
    /// The declaration before it that said something else.
    pub replaced: Option<Declaration>,
    /// Whether a declaration came back that another one had replaced.
    pub is_contested: bool,
    /// Whether its due times count from now.
    pub timing: Timing,
}

/// What a write means for the due times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// They go on.
    Kept,
    /// They count from now; a removal ends, a pause goes on.
    FromNow,
}

/// What happens to a schedule at a due time.
#[derive(Debug, Clone)]
pub struct Firing {
    /// Its name.
    pub name: String,
    /// The revision that was seen: another one means that somebody else was here, and nothing is written.
    pub seen: i64,
    /// When it is looked at next.
    pub next: NextRun,
    /// The due time whose run waits.
    pub queued_due_at: Option<Timestamp>,
    /// The last due time that had its turn.
    pub last_due_at: Option<Timestamp>,
    /// Further runs left out since the last job had not ended.
    pub skipped: u64,
    /// Further missed ones.
    pub missed: u64,
    /// Why it cannot fire.
    pub error: Option<String>,
    /// The jobs to be written, the last of which becomes the schedule's last job.
    pub jobs: Vec<NewJob>,
}

impl Firing {
    /// A write that leaves the schedule as it is.
    pub(super) fn unchanged(record: &ScheduleRecord) -> Self {
        Self {
            name: record.name.clone(),
            seen: record.revision,
            next: record.next,
            queued_due_at: record.queued_due_at,
            last_due_at: record.last_due_at,
            skipped: 0,
            missed: 0,
            error: None,
            jobs: Vec::new(),
        }
    }
}

#[cfg(test)]
impl PartialEq for Firing {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.seen, self.next, self.jobs.len())
            == (&other.name, other.seen, other.next, other.jobs.len())
    }
}

/// Schedules that are due, and the moment by which they are.
#[derive(Debug, Clone)]
pub struct DueSchedules {
    /// The store's moment.
    pub now: Timestamp,
    /// The schedules, a bounded number.
    pub schedules: Vec<ScheduleRecord>,
}

/// What came of firings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// Whether each was written, in their order. One that was not met another revision than it had seen, or another
    /// transaction that keeps its lane or its unique key: it is still due then.
    pub written: Vec<bool>,
    /// How long until the next schedule is due.
    pub next_due: Option<Duration>,
}

/// The verbs of schedules.
pub trait ScheduleStore: Send + Sync {
    /// All schedules, by name; removed ones that are still declared among them.
    fn schedules(&self) -> Reply<'_, Vec<ScheduleRecord>>;

    /// One schedule.
    fn schedule<'a>(&'a self, name: &'a str) -> Reply<'a, Option<ScheduleRecord>>;

    /// Schedules whose due time has come, whose next one is to be computed, or whose queued run may begin: at most so
    /// many, those that are due longest first.
    fn due_schedules(&self, most: usize, now: Now) -> Reply<'_, DueSchedules>;

    /// Writes schedules, each if it still is at the revision that was seen. Says which were written.
    fn put_schedules<'a>(&'a self, puts: &'a [SchedulePut], now: Now) -> Reply<'a, Vec<bool>>;

    /// Moves schedules on and writes their jobs, in one transaction: each if it still is at the revision that was
    /// seen. So of any number of callers that saw the same due time one fires.
    fn fire<'a>(&'a self, firings: &'a [Firing], now: Now) -> Reply<'a, Fired>;

    /// Lets a schedule fire no more until it is resumed. `false` where there is no such schedule.
    fn pause_schedule<'a>(
        &'a self,
        name: &'a str,
        note: Option<&'a str>,
        now: Now,
    ) -> Reply<'a, bool>;

    /// Ends a pause: due times count from now on, and what was due meanwhile has no run. `false` where it was not paused.
    fn resume_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool>;

    /// Removes a schedule. One that is declared stays on the list as removed, so that the next declaration does not
    /// bring it back; removing that again forgets it. `false` where there is no such schedule.
    fn remove_schedule<'a>(&'a self, name: &'a str, now: Now) -> Reply<'a, bool>;
}
