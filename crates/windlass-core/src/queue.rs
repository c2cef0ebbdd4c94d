//! Queues as others see them.
use crate::error::Refusal;
use crate::job::HandlerKey;
use crate::limits::{LONGEST_AGING, SHORTEST_AGING};
use crate::name::{NameError, check_kind, check_queue};
use crate::reply::{Now, Reply};
use crate::time::Timestamp;
use crate::worker::WorkerRecord;
use serde::Serialize;
use std::time::Duration;

/// A queue as others see it.
#[derive(Debug, Clone, Serialize)]
pub struct QueueRecord {
    /// Its name.
    pub name: String,
    /// Since when it is paused.
    pub paused_at: Option<Timestamp>,
    /// When it goes on by itself, where it does.
    pub paused_until: Option<Timestamp>,
    /// Why, and by whom.
    pub note: Option<String>,
    /// Live workers that serve it.
    pub workers: u32,
    /// Since when its oldest available job is due.
    pub oldest_due_at: Option<Timestamp>,
}

/// A kind that is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PausedKind {
    /// The kind.
    pub kind: String,
    /// Since when.
    pub paused_at: Timestamp,
    /// When it goes on by itself, where it does.
    pub paused_until: Option<Timestamp>,
    /// Why, and by whom.
    pub note: Option<String>,
}

/// How many jobs of a queue may be available before it is full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueBound {
    /// The queue.
    pub queue: String,
    /// So many; those that are due later, failed or run do not count.
    pub jobs: u64,
    /// What happens to an enqueue then.
    pub when_full: WhenFull,
}

/// What happens to an enqueue to a queue that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// It is refused.
    Error,
    /// It waits until there is room, as long as its client has patience, and is refused then.
    Wait,
}

impl QueueBound {
    /// A bound; an enqueue to the full queue is refused.
    #[must_use]
    pub fn new(queue: impl Into<String>, jobs: u64) -> Self {
        Self { queue: queue.into(), jobs, when_full: WhenFull::Error }
    }

    /// An enqueue to the full queue waits.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self { when_full: WhenFull::Wait, ..self }
    }

    /// Checks the queue's name and the number.
    ///
    /// # Errors
    /// When no store can keep it, or nothing would ever fit in.
    pub fn check(&self) -> Result<(), Refusal> {
        check_queue(&self.queue)?;
        if self.jobs == 0 { Err(Refusal::Bound) } else { Ok(()) }
    }

    /// A bound as it is stored.
    #[must_use]
    pub fn stored(queue: String, jobs: i64, waits: bool) -> Self {
        let when_full = if waits { WhenFull::Wait } else { WhenFull::Error };
        Self { queue, jobs: jobs.unsigned_abs(), when_full }
    }
}

/// How the jobs of a queue age, so that none of them waits forever behind more urgent ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aging {
    /// The queue.
    pub queue: String,
    /// Each so much of waiting makes a job's priority smaller by one.
    pub every: Duration,
}

impl Aging {
    /// Each so much of waiting makes the priority of a job of this queue smaller by one.
    #[must_use]
    pub fn new(queue: impl Into<String>, every: Duration) -> Self {
        Self { queue: queue.into(), every }
    }

    /// An aging as it is stored, in microseconds.
    #[must_use]
    pub const fn stored(queue: String, every: i64) -> Self {
        Self { queue, every: Duration::from_micros(every.unsigned_abs()) }
    }

    /// Checks the name and the time.
    ///
    /// # Errors
    /// When no queue can have the name, or the time is shorter than [`SHORTEST_AGING`] or longer than [`LONGEST_AGING`].
    pub fn check(&self) -> Result<(), Refusal> {
        check_queue(&self.queue)?;
        let is_usable = (SHORTEST_AGING..=LONGEST_AGING).contains(&self.every);
        if is_usable { Ok(()) } else { Err(Refusal::Aging) }
    }
}

/// The priority of a job that was written with this one and has waited so long: see [`Aging`].
#[must_use]
pub fn aged(own: i16, waited: Duration, every: Duration) -> i16 {
    let steps = waited.as_micros() / every.as_micros().max(1);
    let aged = i64::from(own).saturating_sub(i64::try_from(steps).unwrap_or(i64::MAX));
    i16::try_from(aged).unwrap_or(i16::MIN)
}

/// What a pause stops the claims of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All jobs of a queue.
    Queue(String),
    /// All jobs of a kind, in every queue.
    Kind(String),
}

/// When a pause ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PauseEnd {
    /// When somebody resumes.
    #[default]
    Resume,
    /// By itself after this long, by the database's clock, or when somebody resumes.
    After(Duration),
    /// By itself at this moment, or when somebody resumes.
    At(Timestamp),
}

/// A pause: nothing of it is claimed, by no worker, those that come later too. What runs goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a pause does nothing until it is given to a client"]
pub struct Pause {
    /// What it stops.
    pub scope: Scope,
    /// Why, and by whom.
    pub note: Option<String>,
    /// When it ends.
    pub end: PauseEnd,
}

impl Pause {
    const fn new(scope: Scope) -> Self {
        Self { scope, note: None, end: PauseEnd::Resume }
    }

    /// A pause of a queue, until somebody resumes it.
    pub fn queue(name: impl Into<String>) -> Self {
        Self::new(Scope::Queue(name.into()))
    }

    /// A pause of a kind in every queue, until somebody resumes it.
    pub fn kind(name: impl Into<String>) -> Self {
        Self::new(Scope::Kind(name.into()))
    }

    /// A note for those who wonder why.
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// It ends by itself after this long, by the database's clock.
    pub fn lasting(self, time: Duration) -> Self {
        Self { end: PauseEnd::After(time), ..self }
    }

    /// It ends by itself at this moment.
    pub fn until(self, moment: Timestamp) -> Self {
        Self { end: PauseEnd::At(moment), ..self }
    }

    /// Checks the name.
    ///
    /// # Errors
    /// When no queue or kind can have it.
    pub fn check(&self) -> Result<(), NameError> {
        self.scope.check()
    }

    /// When it ends in microseconds since 1970, for a pause that begins now.
    #[must_use]
    pub fn ends_at(&self, now: Timestamp) -> Option<i64> {
        match self.end {
            PauseEnd::Resume => None,
            PauseEnd::After(time) => Some(now.after(time).as_micros()),
            PauseEnd::At(moment) => Some(moment.as_micros()),
        }
    }
}

impl Scope {
    /// Checks the name.
    ///
    /// # Errors
    /// When no queue or kind can have it.
    pub fn check(&self) -> Result<(), NameError> {
        match self {
            Self::Queue(name) => check_queue(name),
            Self::Kind(name) => check_kind(name),
        }
    }
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
    /// How many there are, of those that were looked at.
    pub jobs: u64,
    /// Whether there may be more.
    pub or_more: bool,
    /// When the oldest of them was due.
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

/// The verbs of queues.
pub trait QueueStore: Send + Sync {
    /// Stops claims from a queue or of a kind, also for workers that come later. A pause of what is paused gives it
    /// another note and end.
    fn pause<'a>(&'a self, pause: &'a Pause, now: Now) -> Reply<'a, ()>;

    /// Lets claims go on. `false` where there was no pause.
    fn resume<'a>(&'a self, scope: &'a Scope, now: Now) -> Reply<'a, bool>;

    /// Queues that have jobs, workers or a pause.
    fn queues(&self, now: Now) -> Reply<'_, Vec<QueueRecord>>;

    /// Kinds that are paused.
    fn paused_kinds(&self, now: Now) -> Reply<'_, Vec<PausedKind>>;

    /// Bounds a queue, in place of the bound that it has.
    fn bound<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, ()>;

    /// Takes a queue's bound away. `false` where it had none.
    fn unbound<'a>(&'a self, queue: &'a str) -> Reply<'a, bool>;

    /// The queues that have a bound.
    fn bounds(&self) -> Reply<'_, Vec<QueueBound>>;

    /// Whether so many jobs of the queue are available.
    fn is_full<'a>(&'a self, bound: &'a QueueBound) -> Reply<'a, bool>;

    /// Has the jobs of a queue age, in place of how they did.
    fn age<'a>(&'a self, aging: &'a Aging) -> Reply<'a, ()>;

    /// Has the jobs of a queue age no more; what they have gained they keep. `false` where they did not.
    fn stop_aging<'a>(&'a self, queue: &'a str) -> Reply<'a, bool>;

    /// The queues whose jobs age.
    fn agings(&self) -> Reply<'_, Vec<Aging>>;

    /// Jobs that are due and that no live worker could run, of the first [`limits::COUNTED`](crate::limits::COUNTED) that wait in each
    /// queue, [`limits::COUNTED_ALL`](crate::limits::COUNTED_ALL) in all: it costs the same however many wait.
    fn unserved(&self, now: Now) -> Reply<'_, Vec<Unserved>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_priority_falls_by_one_for_each_time_that_has_passed() {
        let after = |minutes| aged(10, MINUTE * minutes, MINUTE * 5);
        assert_eq!([0, 4, 5, 49, 50, 55].map(after), [10, 10, 9, 1, 0, -1]);
        assert_eq!(aged(i16::MAX, Duration::MAX, SHORTEST_AGING), i16::MIN);
    }

    #[test]
    fn a_time_or_a_name_that_cannot_be_used_is_refused() {
        let refused = |queue: &str, every| Aging::new(queue, every).check().is_err();
        assert!(refused("mail", Duration::ZERO) && refused("mail", Duration::from_millis(999)));
        assert!(refused("mail", LONGEST_AGING + MINUTE) && refused("a b", MINUTE));
        assert!(!refused("mail", SHORTEST_AGING) && !refused("mail", LONGEST_AGING));
    }
}
