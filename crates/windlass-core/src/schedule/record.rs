//! A schedule as a store keeps it.

use super::{Definition, Missed, Overlap, Owner};
use crate::id::JobId;
use crate::time::Timestamp;

/// When a schedule is looked at next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextRun {
    /// As soon as the leader has computed it: SQL knows no calendar.
    ToCompute,
    /// At this due time.
    At(Timestamp),
    /// Not before somebody changes it: it is paused or removed, or its rule cannot be read.
    Never,
}

impl NextRun {
    /// What stores keep: microseconds, 0 where it is still to be computed and the largest number for never.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        match self {
            Self::ToCompute => 0,
            Self::At(moment) => moment.as_micros(),
            Self::Never => i64::MAX,
        }
    }

    /// What a store's number stands for.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        match micros {
            0 => Self::ToCompute,
            i64::MAX => Self::Never,
            micros => Self::At(Timestamp::from_micros(micros)),
        }
    }
}

/// A schedule as a store keeps it.
#[derive(Debug, Clone)]
pub struct ScheduleRecord {
    /// Its name.
    pub name: String,
    /// What it is.
    pub definition: Definition,
    /// Who decides what it is.
    pub owner: Owner,
    /// Who changed it last: a program, a person's tool.
    pub changed_by: String,
    /// When that was.
    pub changed_at: Timestamp,
    /// What a program or a `windlass.toml` declared last, also where a person is the owner.
    pub declared: Option<Declaration>,
    /// The declaration before it that said something else.
    pub replaced: Option<Declaration>,
    /// When a declaration came back that another one had replaced: then two programs declare the schedule
    /// differently, and the one that starts last has its way.
    pub contested_at: Option<Timestamp>,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// Why it is paused.
    pub note: Option<String>,
    /// Since when it is removed although it is declared: a declaration does not bring it back.
    pub removed_at: Option<Timestamp>,
    /// Due times count from here: when the rule was written, or the pause ended.
    pub from_at: Timestamp,
    /// When it is looked at next.
    pub next: NextRun,
    /// The due time whose run waits until the last job has ended.
    pub queued_due_at: Option<Timestamp>,
    /// The last due time that had its turn.
    pub last_due_at: Option<Timestamp>,
    /// The last job.
    pub last_job: Option<JobId>,
    /// Whether that has not ended.
    pub is_unfinished: bool,
    /// Jobs enqueued.
    pub fired: u64,
    /// Runs left out because the last job had not ended.
    pub skipped: u64,
    /// Due times that passed while nothing could run, and had no run of their own.
    pub missed: u64,
    /// Why it cannot fire: what of its rule cannot be read.
    pub error: Option<String>,
    /// Changes with every write: a write on the strength of a look names the one it saw.
    pub revision: i64,
}

impl ScheduleRecord {
    /// The next due time, computed here where the leader has not done it yet; none while it is paused or removed,
    /// or cannot be read.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        match self.next {
            NextRun::At(moment) => Some(moment),
            NextRun::Never => None,
            NextRun::ToCompute => {
                self.definition.timetable().ok()?.next(self.from_at, self.from_at)
            }
        }
    }

    /// The next due times after a moment, as they were without a pause.
    ///
    /// # Errors
    /// When its rule or zone cannot be read.
    pub fn preview(
        &self,
        after: Timestamp,
        most: usize,
    ) -> Result<Vec<Timestamp>, super::ScheduleError> {
        let from = match self.next {
            NextRun::At(due) => due,
            NextRun::ToCompute | NextRun::Never => {
                self.last_due_at.map_or(self.from_at, |last| last.max(self.from_at))
            }
        };
        let timetable = self.definition.timetable()?;
        let mut due = timetable.preview(from, after, most);
        if let NextRun::At(next) = self.next
            && next > after
            && due.first().is_none_or(|first| next < *first)
        {
            due.insert(0, next);
            due.truncate(most);
        }
        Ok(due)
    }

    /// Whether what is declared is something else than what runs, since a person changed it.
    #[must_use]
    pub fn differs_from_declaration(&self) -> bool {
        self.removed_at.is_none()
            && self
                .declared
                .as_ref()
                .is_some_and(|declared| declared.text != self.definition.to_text())
    }

    /// What happens to its missed runs, and while its last job has not ended.
    pub(super) const fn policies(&self) -> (Missed, Overlap) {
        (self.definition.missed, self.definition.overlap)
    }
}

/// What was declared for a schedule, by whom and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The definition as JSON.
    pub text: String,
    /// Whether a program or a `windlass.toml` declares it.
    pub owner: Owner,
    /// Which program.
    pub by: String,
    /// When it was declared last.
    pub at: Timestamp,
}
