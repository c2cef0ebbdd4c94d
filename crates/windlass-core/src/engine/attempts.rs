//! Attempts that run now, and when each must end.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::{HandlerExit, Key};
use super::last_words::LastWords;
use crate::context::AttemptContext;
use crate::id::{JobId, LeaseId};
use crate::job::Claimed;
use crate::progress::Report;

/// Why an attempt was told to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interruption {
    /// Somebody cancelled the job.
    CancelRequested(String),
    /// It ran longer than it may.
    TimedOut(Duration),
    /// The grace of a stopping worker is over.
    GraceOver,
    /// The lease may be over, and the store does not say.
    LeaseInDoubt,
    /// The lease is gone: nothing it writes counts any more.
    LeaseLost,
}

/// The failures of a job so far, and its own limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureBudget {
    pub(super) failures: u32,
    pub(super) max_attempts: Option<u16>,
}

/// An attempt that runs.
#[derive(Debug)]
pub(super) struct RunningAttempt {
    pub(super) lease: LeaseId,
    pub(super) job: Arc<Claimed>,
    /// The index of its queue in the worker's list.
    pub(super) queue: usize,
    pub(super) timeout: Duration,
    pub(super) started: Instant,
    /// Whether its handler has begun: it waits for its turn on the application's runtime.
    pub(super) began: Arc<AtomicBool>,
    /// When the engine must look at it again: its timeout, or the moment it is abandoned.
    pub(super) deadline: Instant,
    pub(super) interruption: Option<Interruption>,
    pub(super) cancel: CancellationToken,
    pub(super) abort: Option<AbortHandle>,
    /// What it says; `None` in tests that say nothing.
    pub(super) context: Option<Arc<AttemptContext>>,
}

impl RunningAttempt {
    pub(super) fn failure_budget(&self) -> FailureBudget {
        FailureBudget { failures: self.job.failures, max_attempts: self.job.max_attempts }
    }

    /// What it has said when it ends so.
    pub(super) fn words(&self, exit: &HandlerExit) -> Option<Box<LastWords>> {
        self.context.as_ref().and_then(|context| LastWords::of(context, exit))
    }

    /// Tells the handler to end by `deadline`. The first reason stands, except for a lost lease: then
    /// nothing may be written, whatever else was wanted.
    fn interrupt(&mut self, why: Interruption, deadline: Instant) {
        if self.interruption.is_some() && why != Interruption::LeaseLost {
            return;
        }
        self.interruption = Some(why);
        self.deadline = deadline;
        self.cancel.cancel();
    }
}

/// All attempts that run in this worker.
#[derive(Debug)]
pub(super) struct Attempts {
    running: HashMap<Key, RunningAttempt>,
    next_key: Key,
    next_deadline: Option<Instant>,
    /// How long a handler that was told to end may take.
    abandon_after: Duration,
}

impl Attempts {
    pub(super) fn new(abandon_after: Duration) -> Self {
        Self { running: HashMap::new(), next_key: 0, next_deadline: None, abandon_after }
    }

    /// The key of the next attempt.
    pub(super) fn new_key(&mut self) -> Key {
        self.next_key += 1;
        self.next_key
    }

    pub(super) fn insert(&mut self, key: Key, attempt: RunningAttempt) {
        self.check_by(attempt.deadline);
        self.running.insert(key, attempt);
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<RunningAttempt> {
        self.running.remove(&key)
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// How long those that run have lasted so far, on average.
    pub(super) fn mean_so_far(&self, now: Instant) -> Duration {
        let lasted = self.running.values().map(|one| now.saturating_duration_since(one.started));
        lasted.sum::<Duration>() / u32::try_from(self.running.len().max(1)).unwrap_or(u32::MAX)
    }

    pub(super) fn leases(&self) -> impl Iterator<Item = LeaseId> + '_ {
        self.running.values().map(|attempt| attempt.lease)
    }

    /// What those that run have said and is not written yet.
    pub(super) fn take_reports(&self) -> Vec<Report> {
        let contexts = self.running.values().filter_map(|attempt| attempt.context.as_ref());
        contexts.filter_map(|context| context.take_report()).collect()
    }

    /// Gives back what could not be written; returns it where the attempt has ended meanwhile.
    pub(super) fn put_back(&self, report: Report) -> Option<Report> {
        let its = |attempt: &&RunningAttempt| {
            attempt.job.id == report.fence.job.id && attempt.lease == report.fence.lease
        };
        let context = self.running.values().find(its).and_then(|one| one.context.as_ref());
        let Some(context) = context else { return Some(report) };
        context.put_back(report);
        None
    }

    /// When [`Attempts::overdue`] has something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next_deadline
    }

    /// Tells every handler to end.
    pub(super) fn interrupt_all(&mut self, why: &Interruption, now: Instant) {
        let deadline = later(now, self.abandon_after);
        for attempt in self.running.values_mut() {
            attempt.interrupt(why.clone(), deadline);
        }
        if !self.running.is_empty() {
            self.check_by(deadline);
        }
    }

    /// Tells the handler of this job to end, where it runs here.
    pub(super) fn interrupt(&mut self, job: JobId, why: &Interruption, now: Instant) {
        let deadline = later(now, self.abandon_after);
        for attempt in self.running.values_mut().filter(|attempt| attempt.job.id == job) {
            attempt.interrupt(why.clone(), deadline);
        }
        self.check_by(deadline);
    }

    /// Interrupts those whose time is over. Those that were told and did not end are taken off
    /// the list and returned: their slots are free, and what they still write is fenced.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<RunningAttempt> {
        if self.next_deadline.is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        let deadline = later(now, self.abandon_after);
        let abandoned = self
            .running
            .extract_if(|_, attempt| attempt.deadline <= now && attempt.interruption.is_some())
            .map(|(_, attempt)| attempt)
            .collect();
        for attempt in self.running.values_mut().filter(|attempt| attempt.deadline <= now) {
            attempt.interrupt(Interruption::TimedOut(attempt.timeout), deadline);
        }
        self.next_deadline = self.running.values().map(|attempt| attempt.deadline).min();
        abandoned
    }

    /// Cancels and aborts what still runs: the worker is gone.
    pub(super) fn abort_all(&mut self) {
        for (_, attempt) in self.running.drain() {
            attempt.cancel.cancel();
            if let Some(abort) = attempt.abort {
                abort.abort();
            }
        }
    }

    fn check_by(&mut self, deadline: Instant) {
        self.next_deadline =
            Some(self.next_deadline.map_or(deadline, |earliest| earliest.min(deadline)));
    }
}

/// A moment so far away that nobody lives to see it, where the duration is longer than clocks go.
pub(super) fn later(now: Instant, duration: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now + duration.min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::dispatch::claimed;

    const PATIENCE: Duration = Duration::from_secs(2);
    const TIMEOUT: Duration = Duration::from_secs(30);

    fn attempts(now: Instant) -> (Attempts, Key, CancellationToken) {
        let mut attempts = Attempts::new(PATIENCE);
        let (key, cancel) = (attempts.new_key(), CancellationToken::new());
        let attempt = RunningAttempt {
            lease: LeaseId::new(),
            job: Arc::new(claimed("a", 0)),
            queue: 0,
            timeout: TIMEOUT,
            started: now,
            began: Arc::default(),
            deadline: now + TIMEOUT,
            interruption: None,
            cancel: cancel.clone(),
            abort: None,
            context: None,
        };
        attempts.insert(key, attempt);
        (attempts, key, cancel)
    }

    #[test]
    fn what_runs_has_lasted_since_it_started() {
        let now = Instant::now();
        let (mut attempts, key, _) = attempts(now);
        assert_eq!(attempts.mean_so_far(now + PATIENCE), PATIENCE);
        attempts.remove(key);
        assert_eq!(attempts.mean_so_far(now + PATIENCE), Duration::ZERO);
    }

    #[test]
    fn a_time_without_end_is_far_away() {
        let now = Instant::now();
        assert_eq!(later(now, Duration::from_secs(7)), now + Duration::from_secs(7));
        assert!(later(now, Duration::MAX) > now + Duration::from_secs(1_000_000_000));
    }

    #[test]
    fn a_handler_is_told_at_its_timeout_and_abandoned_when_it_does_not_end() {
        let now = Instant::now();
        let (mut attempts, _, cancel) = attempts(now);
        assert!(attempts.overdue(now + TIMEOUT - PATIENCE).is_empty());
        assert!(!cancel.is_cancelled());
        assert_eq!(attempts.next(), Some(now + TIMEOUT));
        assert!(attempts.overdue(now + TIMEOUT).is_empty(), "it is only told");
        assert!(cancel.is_cancelled());
        assert_eq!(attempts.next(), Some(now + TIMEOUT + PATIENCE));
        let abandoned = attempts.overdue(now + TIMEOUT + PATIENCE);
        assert_eq!(abandoned[0].interruption, Some(Interruption::TimedOut(TIMEOUT)));
        assert!(attempts.is_empty() && attempts.next().is_none());
    }

    #[test]
    fn the_first_interruption_stands_except_for_a_lost_lease() {
        let now = Instant::now();
        let (mut attempts, key, _) = attempts(now);
        attempts.interrupt_all(&Interruption::GraceOver, now);
        attempts.interrupt_all(&Interruption::LeaseInDoubt, now + TIMEOUT);
        assert_eq!(attempts.next(), Some(now + PATIENCE), "nor does it get more time");
        attempts.interrupt_all(&Interruption::LeaseLost, now);
        let attempt = attempts.remove(key).expect("it runs");
        assert_eq!(attempt.interruption, Some(Interruption::LeaseLost));
    }

    #[test]
    fn a_cancel_reaches_the_job_that_it_names() {
        let now = Instant::now();
        let (mut attempts, key, cancel) = attempts(now);
        let why = Interruption::CancelRequested("no".to_owned());
        attempts.interrupt(JobId::new(), &why, now);
        assert!(!cancel.is_cancelled());
        let job = attempts.running[&key].job.id;
        attempts.interrupt(job, &why, now);
        assert!(cancel.is_cancelled());
    }
}
