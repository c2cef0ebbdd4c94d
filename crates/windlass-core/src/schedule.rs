//! Schedules: jobs that are enqueued again and again, by a cron line or an interval.
//!
//! A schedule is a row with the moment it is due next. The leader looks which are due by the database's clock,
//! decides here what that means, and has the store move each on and write its jobs in one step, conditional on what
//! was seen. SQL knows no calendar: what is written without Rust has no due time yet, and the leader computes it.

mod cron;
mod declare;
mod definition;
mod due;
mod fire;
mod policy;
mod record;
mod rule;
mod store;

pub use declare::{Declared, check_declared};
pub use definition::{Cause, Definition, Occurrence, Schedule};
pub use fire::{FireRound, RanNow, declare, fire_due};
pub(crate) use fire::{edit, no_schedule, put, run_now};
pub use policy::{Missed, Overlap, Owner};
pub use record::{Declaration, NextRun, ScheduleRecord};
pub use rule::{Timetable, UTC};
pub use store::{DueSchedules, Fired, Firing, SchedulePut, ScheduleStore, Timing};

/// Why something cannot be a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A cron line that cannot be read.
    #[error("`{}` is not a cron line: {reason}", .line.escape_debug())]
    Cron {
        /// The line.
        line: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A cron line that no date fits.
    #[error("no date fits the cron line `{line}`: it would never run")]
    Never {
        /// The line.
        line: String,
    },
    /// A zone that nobody knows.
    #[error(
        "there is no time zone `{}`: use a name of the IANA database, such as Europe/Berlin, or UTC",
        .zone.escape_debug()
    )]
    Zone {
        /// The name.
        zone: String,
    },
    /// An interval that cannot be used.
    #[error("an interval cannot be used: {reason}")]
    Interval {
        /// What is wrong with it.
        reason: String,
    },
    /// A word that stands for no policy.
    #[error("`{}` is not one of: {known}", .word.escape_debug())]
    Word {
        /// The word.
        word: String,
        /// The words there are.
        known: &'static str,
    },
    /// A job with an id or a moment of its own.
    #[error(
        "a schedule's job has no id and no moment of its own: leave out `delay`, `run_at`, `id` and `expires_at`"
    )]
    Due,
    /// One program declares a schedule twice.
    #[error("schedule `{name}` is declared twice; each needs a name of its own")]
    Twice {
        /// Its name.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Meta;
    use crate::json::Json;
    use crate::time::Timestamp;

    /// A schedule that is due at a moment.
    pub(super) fn record(rule: &str, due: Timestamp) -> ScheduleRecord {
        let definition = Definition {
            rule: rule.to_owned(),
            zone: UTC.to_owned(),
            missed: Missed::One,
            overlap: Overlap::Skip,
            kind: "work".to_owned(),
            version: 1,
            queue: "default".to_owned(),
            priority: 0,
            max_attempts: None,
            args: Json::stored("null"),
            meta: Meta::default(),
        };
        ScheduleRecord {
            name: "nightly".to_owned(),
            definition,
            owner: Owner::Code,
            changed_by: "app".to_owned(),
            changed_at: due,
            declared: None,
            replaced: None,
            contested_at: None,
            paused_at: None,
            note: None,
            removed_at: None,
            from_at: due,
            next: NextRun::At(due),
            queued_due_at: None,
            last_due_at: None,
            last_job: None,
            is_unfinished: false,
            fired: 0,
            skipped: 0,
            missed: 0,
            error: None,
            revision: 1,
        }
    }
}
