//! What a job waits for, as it is declared.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Refusal;
use crate::id::{BatchId, JobId};
use crate::job::{State, check_key};
use crate::limits::{CONDITION_NAME_BYTES, CONDITIONS, LONGEST_WAIT};
use crate::time::{Timestamp, micros};

/// What a job waits for: jobs that end, signals that come, moments that pass. Each has a name, by which it is shown and can
/// be waived. The job is `waiting` until they are met, and then available in the transaction that met the last of them.
///
/// ```
/// # use std::time::Duration;
/// # use windlass_core::condition::{Ends, Overdue, Waits};
/// # use windlass_core::id::JobId;
/// # let import = JobId::new();
/// // When both have come, in any order; without the second after a minute.
/// let both = Waits::all()
///     .signal("status", "status-saved:42")
///     .signal("wrap-up", "wrap-up:42")
///     .deadline(Duration::from_secs(60), Overdue::Run);
/// // However the import ends.
/// let after = Waits::all().job_ended("import", import, Ends::ANY);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waits {
    #[serde(rename = "for")]
    conditions: Vec<Condition>,
    /// How many of them suffice; all where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    needed: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<Deadline>,
    /// Whether it is cancelled once one of them cannot be met any more.
    #[serde(default, skip_serializing_if = "is_false")]
    or_cancel: bool,
    /// Whether something was added that must come, to conditions of which some suffice.
    #[serde(skip)]
    is_mixed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// One thing that a job waits for, with its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition {
    name: String,
    /// The id of a job, in 32 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    /// The id of a batch, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<Ends>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
    /// Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
}

impl Condition {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The job whose end it is.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        Uuid::parse_str(self.job.as_deref()?).ok().map(JobId::from_uuid)
    }

    /// The batch whose end it is.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        Uuid::parse_str(self.batch.as_deref()?).ok().map(BatchId::from_uuid)
    }

    /// How that job or batch may end.
    #[must_use]
    pub fn ends(&self) -> Ends {
        self.ends.unwrap_or(Ends::COMPLETED)
    }

    /// The key of the signal that it is.
    #[must_use]
    pub fn signal(&self) -> Option<&str> {
        self.signal.as_deref()
    }

    /// The moment that it is.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.at.map(Timestamp::from_micros)
    }
}

/// In which ways a job may end to meet a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ends(u8);

impl Ends {
    /// It is completed.
    pub const COMPLETED: Self = Self(1);
    /// It was cancelled, or has expired.
    pub const CANCELLED: Self = Self(2);
    /// It is dead. A retry may complete it yet.
    pub const DEAD: Self = Self(4);
    /// However it ends.
    pub const ANY: Self = Self(7);

    /// These and others.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits the stores keep: 1 completed, 2 cancelled, 4 dead.
    #[must_use]
    pub const fn bits(self) -> i16 {
        self.0 as i16
    }

    /// The states of a job that has ended so.
    pub fn states(self) -> impl Iterator<Item = State> {
        let all = [
            (Self::COMPLETED, State::Completed),
            (Self::CANCELLED, State::Cancelled),
            (Self::DEAD, State::Dead),
        ];
        all.into_iter().filter(move |(one, _)| self.0 & one.0 != 0).map(|(_, state)| state)
    }

    /// What a store gave back.
    #[must_use]
    pub fn from_bits(bits: i16) -> Self {
        Self(u8::try_from(bits).unwrap_or_default() & Self::ANY.0)
    }
}

/// Until when a job waits, and what happens to it then.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// Microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    /// Microseconds after it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_us: Option<i64>,
    then: Overdue,
}

/// What happens to a job whose deadline passes while it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overdue {
    /// It runs without what has not come; its handler sees which that is.
    Run,
    /// It is cancelled. Another job may wait for that.
    Cancel,
    /// It is dead: kept, listed, and retryable by a person.
    Die,
}

impl Waits {
    /// All that follow.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            conditions: Vec::new(),
            needed: None,
            deadline: None,
            or_cancel: false,
            is_mixed: false,
        }
    }

    /// One of those that follow.
    #[must_use]
    pub const fn any() -> Self {
        Self::at_least(1)
    }

    /// So many of those that follow.
    #[must_use]
    pub const fn at_least(needed: u32) -> Self {
        Self {
            conditions: Vec::new(),
            needed: Some(needed),
            deadline: None,
            or_cancel: false,
            is_mixed: false,
        }
    }

    /// A job is completed. It exists already, or comes before this one in the same call.
    #[must_use]
    pub fn job(self, name: impl Into<String>, job: JobId) -> Self {
        self.job_ended(name, job, Ends::COMPLETED)
    }

    /// A job has ended in one of these ways. While it has ended in another, the condition stays open: a retry may meet it.
    #[must_use]
    pub fn job_ended(self, name: impl Into<String>, job: JobId, ends: Ends) -> Self {
        let job = Some(job.as_uuid().simple().to_string());
        self.with(Condition { job, ends: Some(ends), ..Condition::named(name) })
    }

    /// All jobs of a batch have ended, however. It exists already, or comes with the jobs before this one in the same call.
    #[must_use]
    pub fn batch(self, name: impl Into<String>, batch: BatchId) -> Self {
        self.batch_ended(name, batch, Ends::ANY)
    }

    /// All jobs of a batch have ended: all completed ([`Ends::COMPLETED`]), or some of them otherwise ([`Ends::DEAD`]).
    /// While some have ended otherwise, a condition that all are completed stays open: retries may meet it.
    #[must_use]
    pub fn batch_ended(self, name: impl Into<String>, batch: BatchId, ends: Ends) -> Self {
        let batch = Some(batch.as_uuid().simple().to_string());
        self.with(Condition { batch, ends: Some(ends), ..Condition::named(name) })
    }

    /// It is cancelled as soon as a job or a batch it waits for has ended in another way than it says. Otherwise it waits
    /// on: a retry may still bring what it waits for.
    #[must_use]
    pub const fn or_cancel(mut self) -> Self {
        self.or_cancel = true;
        self
    }

    /// A signal with this key has come, before or after.
    #[must_use]
    pub fn signal(self, name: impl Into<String>, key: impl Into<String>) -> Self {
        self.with(Condition { signal: Some(key.into()), ..Condition::named(name) })
    }

    /// This moment has passed, to within a second.
    #[must_use]
    pub fn moment(self, name: impl Into<String>, moment: Timestamp) -> Self {
        self.with(Condition { at: Some(moment.as_micros()), ..Condition::named(name) })
    }

    /// It waits no longer than this after it is written, to within a second.
    #[must_use]
    pub fn deadline(mut self, after: Duration, then: Overdue) -> Self {
        self.deadline = Some(Deadline { at: None, in_us: Some(micros(after)), then });
        self
    }

    /// It waits no longer than to this moment.
    #[must_use]
    pub fn deadline_at(mut self, moment: Timestamp, then: Overdue) -> Self {
        self.deadline = Some(Deadline { at: Some(moment.as_micros()), in_us: None, then });
        self
    }

    /// Whether the job may be cancelled by how another ends.
    #[must_use]
    pub const fn may_cancel(&self) -> bool {
        self.or_cancel
    }

    /// How many of its conditions suffice.
    #[must_use]
    pub fn needed(&self) -> usize {
        let all = self.conditions.len();
        self.needed.map_or(all, |needed| usize::try_from(needed).unwrap_or(all))
    }

    /// How many conditions it has.
    #[must_use]
    pub fn conditions(&self) -> usize {
        self.conditions.len()
    }

    /// The conditions, in their order.
    pub fn each(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter()
    }

    /// The jobs it waits for.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> {
        self.ends().map(|(job, _)| job)
    }

    /// The jobs it waits for, each with the ways in which it may end.
    pub fn ends(&self) -> impl Iterator<Item = (JobId, Ends)> {
        self.conditions.iter().filter_map(|one| Some((one.job()?, one.ends())))
    }

    /// The batches it waits for.
    pub fn batches(&self) -> impl Iterator<Item = BatchId> {
        self.batch_ends().map(|(batch, _)| batch)
    }

    /// The batches it waits for, each with the ways in which it may end.
    pub fn batch_ends(&self) -> impl Iterator<Item = (BatchId, Ends)> {
        self.conditions.iter().filter_map(|one| Some((one.batch()?, one.ends())))
    }

    /// The keys of the signals it waits for.
    pub fn signals(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter_map(Condition::signal)
    }

    /// Until when a job that was written then waits, and what happens to it then.
    #[must_use]
    pub fn until(&self, written_at: Timestamp) -> Option<(Timestamp, Overdue)> {
        let Deadline { at, in_us, then } = self.deadline.as_ref()?;
        let after = |us: i64| Timestamp::from_micros(written_at.as_micros().saturating_add(us));
        let at = at.map(Timestamp::from_micros).or(in_us.map(after))?;
        Some((at, *then))
    }

    /// Whether it runs only once all of them are met, however long that takes.
    #[must_use]
    pub fn is_for_all(&self) -> bool {
        self.wants_all() && self.deadline.is_none()
    }

    /// Whether all of them are needed.
    pub(crate) fn wants_all(&self) -> bool {
        self.needed() == self.conditions.len()
    }

    /// These and what another says, which has no number and no deadline of its own.
    pub(crate) fn and(mut self, other: Self) -> Self {
        if self.wants_all() {
            // One of one is all of them, and stays so with more.
            self.needed = None;
        } else {
            self.is_mixed = true;
        }
        self.or_cancel |= other.or_cancel;
        self.conditions.extend(other.conditions);
        self
    }

    fn with(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    pub(crate) fn check(&self, own: JobId) -> Result<(), Refusal> {
        let (all, limit) = (self.conditions.len(), CONDITIONS);
        if !(1..=limit).contains(&all) {
            return Err(Refusal::Conditions { conditions: all, limit });
        }
        if self.is_mixed {
            return Err(Refusal::MixedWaits);
        }
        if !(1..=all).contains(&self.needed()) {
            return Err(Refusal::Needed { needed: self.needed(), conditions: all });
        }
        if self.or_cancel && self.needed() < all {
            return Err(Refusal::CancelledThoughEnough);
        }
        let mut names: Vec<&str> = self.conditions.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Refusal::ConditionTwice { name: twice[0].to_owned() });
        }
        if self.jobs().any(|job| job == own) {
            return Err(Refusal::WaitsForItself { job: own });
        }
        let deadline = self.deadline.as_ref().and_then(|deadline| deadline.in_us);
        if deadline.is_some_and(|us| !(1..=micros(LONGEST_WAIT)).contains(&us)) {
            return Err(Refusal::WaitDeadline);
        }
        self.conditions.iter().try_for_each(Condition::check)
    }
}

impl Condition {
    fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), job: None, batch: None, ends: None, signal: None, at: None }
    }

    fn check(&self) -> Result<(), Refusal> {
        let (what, limit) = ("a condition's name", CONDITION_NAME_BYTES);
        if !(1..=limit).contains(&self.name.len()) {
            return Err(Refusal::Key { what, bytes: self.name.len(), limit });
        }
        if let Some(at) = self.name.find('\0') {
            return Err(Refusal::Nul { what, at });
        }
        if self.ends.is_some_and(|ends| ends.0 & Ends::ANY.0 == 0) {
            return Err(Refusal::EndsInNoWay { name: self.name.clone() });
        }
        self.signal.as_ref().map_or(Ok(()), |key| check_key("a signal's key", key))
    }
}

/// Refuses a job that waits for one that the same call writes later.
pub(crate) fn check_order<'a>(
    jobs: impl Iterator<Item = (JobId, Option<&'a Waits>)> + Clone,
) -> Result<(), Refusal> {
    let waiting = jobs.clone().enumerate().filter_map(|(nth, (id, w))| Some((nth, id, w?)));
    let mut waiting = waiting.filter(|(.., waits)| waits.jobs().next().is_some()).peekable();
    if waiting.peek().is_none() {
        return Ok(());
    }
    let places: HashMap<JobId, usize> = jobs.enumerate().map(|(nth, (id, _))| (id, nth)).collect();
    for (nth, job, waits) in waiting {
        let is_later = |other: &JobId| places.get(other).is_some_and(|place| *place > nth);
        if let Some(other) = waits.jobs().find(is_later) {
            return Err(Refusal::WaitsForLater { job, other });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T24: what is added must come too; where only some of those before must, that cannot be said.
    #[test]
    fn what_is_added_must_come_too() {
        let job = JobId::new();
        let added = |waits: Waits| waits.and(Waits::all().job("first", job));
        let one = added(Waits::any().signal("go", "go"));
        assert_eq!((one.needed(), one.check(JobId::new())), (2, Ok(())));
        let some = added(Waits::any().signal("go", "go").signal("or", "or"));
        assert_eq!(some.check(JobId::new()), Err(Refusal::MixedWaits));
    }
}
