//! What a schedule is: its rule, its policies and the job that it enqueues.

use std::time::Duration;

use serde::Serialize;

use super::rule::{self, UTC};
use super::{Missed, Overlap, ScheduleError, Timetable};
use crate::error::Refusal;
use crate::job::{Due, IntoDraft, Meta, NewJob};
use crate::json::Json;
use crate::time::Timestamp;

/// When something is due, and what happens to runs that could not happen then.
///
/// ```
/// # use std::time::Duration;
/// # use windlass_core::schedule::{Missed, Overlap, Schedule, ScheduleError};
/// # fn main() -> Result<(), ScheduleError> {
/// let nightly = Schedule::cron("30 2 * * *")?.zone("Europe/Berlin")?.missed(Missed::One);
/// let often = Schedule::every(Duration::from_secs(15 * 60)).overlap(Overlap::Queue);
/// # let _ = (nightly, often);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a schedule does nothing until it is declared or put"]
pub struct Schedule {
    rule: String,
    zone: String,
    missed: Missed,
    overlap: Overlap,
}

impl Schedule {
    /// By a cron line of five fields (minute, hour, day, month, weekday) or of six, with seconds in front.
    ///
    /// # Errors
    /// When the line cannot be read, or no date fits it.
    pub fn cron(line: impl Into<String>) -> Result<Self, ScheduleError> {
        let rule = line.into();
        if rule.trim_start().starts_with("every ") {
            let reason = "it is an interval; use `Schedule::every`".to_owned();
            return Err(ScheduleError::Cron { line: rule, reason });
        }
        Self::rule(rule)
    }

    /// By a rule as text: a cron line, or `every` and a duration such as `every 1h30m`.
    ///
    /// # Errors
    /// As [`Schedule::cron`], and when the interval is shorter than a second.
    pub fn rule(rule: impl Into<String>) -> Result<Self, ScheduleError> {
        let schedule = Self::of(rule.into().trim().to_owned());
        schedule.timetable().map(|_| schedule)
    }

    /// Again and again after this time, first one such time after it was made. At least a second: what is shorter is
    /// refused where the schedule is declared or put.
    pub fn every(interval: Duration) -> Self {
        Self::of(rule::every(interval))
    }

    const fn of(rule: String) -> Self {
        Self { rule, zone: String::new(), missed: Missed::One, overlap: Overlap::Skip }
    }

    /// By the clocks of this zone, such as `Europe/Berlin`, in place of UTC.
    ///
    /// # Errors
    /// When no such zone is known.
    pub fn zone(mut self, zone: impl Into<String>) -> Result<Self, ScheduleError> {
        self.zone = zone.into();
        rule::parse_zone(&self.zone).map(|_| self)
    }

    /// What happens to runs that were missed.
    pub const fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }

    /// What happens while the last job has not ended.
    pub const fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Its rule and zone, read.
    ///
    /// # Errors
    /// When the interval is shorter than a second.
    pub fn timetable(&self) -> Result<Timetable, ScheduleError> {
        Timetable::parse(&self.rule, self.zone_name())
    }

    fn zone_name(&self) -> &str {
        if self.zone.is_empty() { UTC } else { &self.zone }
    }
}

/// What a schedule is: when it is due, and what it enqueues then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// A cron line, or `every` and a duration.
    pub rule: String,
    /// The zone whose clocks it goes by.
    pub zone: String,
    /// What happens to missed runs.
    pub missed: Missed,
    /// What happens while the last job has not ended.
    pub overlap: Overlap,
    /// The kind of its jobs.
    pub kind: String,
    /// The version of their args.
    pub version: u16,
    /// Their queue.
    pub queue: String,
    /// Their priority.
    pub priority: i16,
    /// Failures after which they are dead.
    pub max_attempts: Option<u16>,
    /// Their args.
    pub args: Json,
    /// What few jobs have.
    pub meta: Meta,
}

impl Definition {
    /// A schedule that enqueues such a job.
    ///
    /// # Errors
    /// When the job cannot be stored or brings a due time or an id of its own, and when the schedule's interval is
    /// too short.
    pub fn new(schedule: Schedule, job: impl IntoDraft) -> Result<Self, Refusal> {
        schedule.timetable()?;
        let job = job.into_draft().into_new_job()?;
        job.check()?;
        let is_given = job.identity != crate::job::Identity::Fresh;
        if job.due != Due::Now || is_given || job.meta.expires_at.is_some() {
            return Err(ScheduleError::Due.into());
        }
        if job.meta.waits.is_some() {
            return Err(Refusal::ScheduledWait);
        }
        if job.meta.member.is_some() {
            return Err(Refusal::ScheduledMember);
        }
        let zone = schedule.zone_name().to_owned();
        let NewJob { kind, version, queue, priority, max_attempts, args, meta, .. } = job;
        let Schedule { rule, missed, overlap, .. } = schedule;
        Ok(Self {
            rule,
            zone,
            missed,
            overlap,
            kind,
            version,
            queue,
            priority,
            max_attempts,
            args,
            meta,
        })
    }

    /// Its rule and zone, read.
    ///
    /// # Errors
    /// When what is stored cannot be read: SQL may write any text.
    pub fn timetable(&self) -> Result<Timetable, ScheduleError> {
        Timetable::parse(&self.rule, &self.zone)
    }

    /// The text by which declarations are compared.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether both are due at the same times.
    pub(super) fn is_due_like(&self, other: &Self) -> bool {
        (&self.rule, &self.zone) == (&other.rule, &other.zone)
    }

    /// The job of one due time.
    pub(super) fn job(&self, name: &str, due: Timestamp, cause: Cause) -> NewJob {
        let mut meta = self.meta.clone();
        meta.schedule = Some(Occurrence { name: name.to_owned(), due_at: due.as_micros(), cause });
        NewJob {
            version: self.version,
            queue: self.queue.clone(),
            priority: self.priority,
            max_attempts: self.max_attempts,
            origin: Some(format!("schedule {name}")),
            meta,
            ..NewJob::new(self.kind.clone(), self.args.clone())
        }
    }
}

/// Which due time of which schedule a job is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
pub struct Occurrence {
    /// The schedule's name.
    pub name: String,
    /// The due time, in microseconds since 1970; of a run by hand the moment of that.
    pub due_at: i64,
    /// Why it runs.
    #[serde(default, skip_serializing_if = "Cause::is_due")]
    pub cause: Cause,
}

impl Occurrence {
    /// The due time; of a run by hand the moment of that.
    #[must_use]
    pub const fn due_at(&self) -> Timestamp {
        Timestamp::from_micros(self.due_at)
    }
}

/// Why a schedule's job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Cause {
    /// It was due.
    #[default]
    Due,
    /// It was due while nothing could run.
    Missed,
    /// It was due while the job before it had not ended.
    Queued,
    /// Somebody asked for it.
    Hand,
}

impl Cause {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Missed => "missed",
            Self::Queued => "queued",
            Self::Hand => "by hand",
        }
    }

    const fn is_due(&self) -> bool {
        matches!(self, Self::Due)
    }
}
