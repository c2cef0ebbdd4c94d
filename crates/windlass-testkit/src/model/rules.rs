//! The rules of the domain, in memory: what happens to each job by each verb.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use windlass_core::id::{JobId, LeaseId, WorkerId};
use windlass_core::job::{
    AfterLoss, Cancelled, Loss, Moved, Outcome, Retried, State, TRANSITIONS, Verb, Verdict,
    attempt_limit, loss_limit,
};
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::time::Timestamp;

use super::conditions::{Signals, Waiting};
use super::events::Events;
use super::lines::{InLine, Limits};
use super::schedules::Known;

/// A store may remove finished jobs by whole days.
const LINGER: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// A job as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) queue: &'static str,
    pub(super) kind: &'static str,
    pub(super) priority: i16,
    pub(super) max_attempts: Option<u16>,
    pub(super) max_losses: Option<u16>,
    pub(super) state: State,
    pub(super) attempt: u32,
    pub(super) failures: u32,
    pub(super) losses: u16,
    pub(super) cancel_requested: bool,
    pub(super) lease: Option<LeaseId>,
    pub(super) history: Vec<Outcome>,
    /// When it is due; `None` where chance decides, until the store has said it.
    pub(super) run_at: Option<Timestamp>,
    /// From when on it does not start.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was enqueued.
    pub(super) created_at: Timestamp,
    /// Where it stands in line, if it does.
    pub(super) in_line: InLine,
    /// What it waits for, or has waited for.
    pub(super) waits: Option<Waiting>,
    finished_at: Option<Timestamp>,
}

/// A place in line: queue, priority, due time.
pub(super) type Standing = (&'static str, i16, Option<Timestamp>);

/// A worker as the rules see it.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) expires_at: Timestamp,
    pub(super) kinds: Vec<&'static str>,
    /// The limit of failures that it registered for one of its kinds.
    pub(super) attempt_limit: Option<(&'static str, u16)>,
    /// The limit of losses that it did.
    pub(super) loss_limit: Option<(&'static str, u16)>,
}

/// Everything there is, by the rules.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) now: Timestamp,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) workers: BTreeMap<WorkerId, Member>,
    /// Leases by age, with their workers.
    pub(super) leases: Vec<(LeaseId, WorkerId)>,
    pub(super) paused: BTreeSet<&'static str>,
    /// Paused kinds, and when each goes on by itself; those of which jobs are still out of the way.
    pub(super) paused_kinds: BTreeMap<&'static str, Option<Timestamp>>,
    pub(super) pruned: u64,
    pub(super) limits: Limits,
    pub(super) schedules: BTreeMap<&'static str, Known>,
    pub(super) signals: Signals,
    pub(super) events: Events,
}

impl Job {
    /// A job that was just enqueued.
    pub(super) fn new(queue: &'static str, kind: &'static str, priority: i16) -> Self {
        Self {
            created_at: Timestamp::from_micros(0),
            in_line: InLine::default(),
            waits: None,
            queue,
            kind,
            priority,
            max_attempts: None,
            max_losses: None,
            state: State::Available,
            attempt: 0,
            failures: 0,
            losses: 0,
            cancel_requested: false,
            lease: None,
            history: Vec::new(),
            run_at: None,
            expires_at: None,
            finished_at: None,
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let waits = !self.state.is_terminal() && self.state != State::Running;
        waits && self.expires_at.is_some_and(|at| at <= now)
    }

    fn expire(&mut self, now: Timestamp) {
        self.record(Outcome::Expired);
        self.end(Verb::Expire, State::Cancelled, now);
    }

    pub(super) fn standing(&self) -> Standing {
        (self.queue, self.priority, self.run_at)
    }

    fn go(&mut self, verb: Verb, to: State) {
        let step = (Some(self.state), verb, to);
        assert!(TRANSITIONS.contains(&step), "the rules know no {step:?}");
        self.state = to;
        if to != State::Running {
            self.lease = None;
            self.cancel_requested = false;
        }
    }

    pub(super) fn wait(&mut self, verb: Verb, to: State, run_at: Option<Timestamp>) {
        self.go(verb, to);
        self.run_at = run_at;
    }

    pub(super) fn end(&mut self, verb: Verb, to: State, now: Timestamp) {
        self.go(verb, to);
        self.wait_no_more();
        self.finished_at = Some(now);
    }

    fn record(&mut self, outcome: Outcome) {
        self.history.push(outcome);
        self.failures += u32::from(outcome.counts_as_failure());
    }

    /// The end of an attempt whose lease holds.
    fn settle(&mut self, verdict: &Verdict, now: Timestamp) {
        let (outcome, state, delay) = match verdict {
            Verdict::Complete { .. } => return self.end(Verb::Settle, State::Completed, now),
            Verdict::Confirm { otherwise } => return self.settle(otherwise, now),
            Verdict::Die { outcome, .. } => {
                self.record(*outcome);
                return self.end(Verb::Settle, State::Dead, now);
            }
            Verdict::Cancel { outcome, .. } => {
                self.record(*outcome);
                return self.end(Verb::Settle, State::Cancelled, now);
            }
            Verdict::Retry { outcome, delay, .. } => (*outcome, State::Retryable, *delay),
            Verdict::Snooze { delay } => (Outcome::Snoozed, State::Scheduled, *delay),
            Verdict::Wait { .. } => (Outcome::Snoozed, State::Waiting, Duration::ZERO),
            Verdict::Release { delay } if delay.is_zero() => {
                (Outcome::Released, State::Available, *delay)
            }
            Verdict::Release { delay } => (Outcome::Released, State::Scheduled, *delay),
        };
        if self.cancel_requested {
            let failed = outcome.counts_as_failure();
            self.record(if failed { outcome } else { Outcome::Cancelled });
            return self.end(Verb::Settle, State::Cancelled, now);
        }
        self.record(outcome);
        self.wait(Verb::Settle, state, Some(now.after(delay)));
    }

    /// The end of an attempt whose worker died.
    fn lose(&mut self, worker: &Member, now: Timestamp) {
        let of_kind = |limit: Option<(&str, u16)>| {
            limit.filter(|(kind, _)| *kind == self.kind).map(|(_, limit)| limit)
        };
        let loss = Loss {
            failures: self.failures,
            losses: self.losses,
            max_attempts: attempt_limit(self.max_attempts, of_kind(worker.attempt_limit)),
            max_losses: loss_limit(self.max_losses, of_kind(worker.loss_limit)),
        };
        let after = loss.after();
        self.record(Outcome::Lost);
        if self.cancel_requested {
            return self.end(Verb::Rescue, State::Cancelled, now);
        }
        self.losses += 1;
        match after {
            AfterLoss::Available => self.wait(Verb::Rescue, State::Available, Some(now)),
            AfterLoss::Later(_) => self.wait(Verb::Rescue, State::Retryable, None),
            AfterLoss::Dead(_) => self.end(Verb::Rescue, State::Dead, now),
        }
    }

    /// Handed back with its lease; where in its queue is left to the store.
    fn hand_back(&mut self, now: Timestamp) {
        if self.cancel_requested {
            self.end(Verb::Settle, State::Cancelled, now);
        } else {
            self.wait(Verb::Settle, State::Available, None);
        }
    }
}

impl Rules {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            jobs: BTreeMap::new(),
            workers: BTreeMap::new(),
            leases: Vec::new(),
            paused: BTreeSet::new(),
            paused_kinds: BTreeMap::new(),
            pruned: 0,
            limits: Limits::default(),
            schedules: BTreeMap::new(),
            signals: Signals::new(),
            events: Events::default(),
        }
    }

    pub(super) fn enqueue(&mut self, id: JobId, mut job: Job, run_at: Timestamp) {
        let due = run_at <= self.now;
        job.state = if due { State::Available } else { State::Scheduled };
        job.run_at = Some(run_at);
        job.created_at = self.now;
        self.jobs.insert(id, job);
        self.declare(id);
    }

    pub(super) fn register(&mut self, worker: WorkerId, member: Member) {
        self.unpark(|kind| member.kinds.contains(&kind));
        self.workers.insert(worker, member);
    }

    /// The places that a claim of this worker may take of jobs that stand in no line: queues in order, in each by
    /// priority and due time. Who comes first of those with the same place is left to the store.
    pub(super) fn claimable(&self, worker: WorkerId, queues: &[&'static str]) -> Vec<Standing> {
        let mut places = Vec::new();
        for queue in queues {
            let fits = |job: &&Job| {
                job.queue == *queue && self.may_start(worker, job) && !self.stands_in_line(job)
            };
            let mut found: Vec<Standing> =
                self.jobs.values().filter(fits).map(Job::standing).collect();
            found.sort();
            places.extend(found);
        }
        places
    }

    /// Whether this worker may start the job now, whatever its line.
    pub(super) fn may_start(&self, worker: WorkerId, job: &Job) -> bool {
        let is_there = job.state == State::Available && !self.paused.contains(job.queue);
        let knows = self.workers[&worker].kinds.contains(&job.kind) && !self.is_paused(job.kind);
        is_there && knows && !job.is_over(self.now)
    }

    pub(super) fn is_paused(&self, kind: &str) -> bool {
        let end = self.paused_kinds.get(kind);
        end.is_some_and(|end| end.is_none_or(|end| end > self.now))
    }

    /// Moves jobs of paused kinds out of the way, and brings back those whose pause is over.
    fn move_aside(&mut self) {
        let ends = self.paused_kinds.clone();
        for (kind, end) in ends {
            let (verb, from, to) = match end {
                Some(end) if end <= self.now => (Verb::Unpark, State::Waiting, State::Available),
                _ => (Verb::Park, State::Available, State::Waiting),
            };
            // What stands in line is in nobody's way.
            let is_concerned = |job: &&mut Job| {
                let is_in_the_way = verb == Verb::Unpark || job.in_line.line.is_none();
                job.kind == kind && job.state == from && !job.awaits() && is_in_the_way
            };
            self.jobs.values_mut().filter(is_concerned).for_each(|job| job.go(verb, to));
        }
        let now = self.now;
        self.paused_kinds.retain(|_, end| end.is_none_or(|end| end > now));
    }

    /// The places of these jobs, as far as they could be claimed.
    pub(super) fn places(&self, ids: &[JobId]) -> Vec<Standing> {
        let jobs = ids.iter().filter_map(|id| self.jobs.get(id));
        jobs.filter(|job| job.state == State::Available).map(Job::standing).collect()
    }

    /// Claims these jobs.
    pub(super) fn claim(&mut self, worker: WorkerId, lease: LeaseId, ids: &[JobId]) {
        for id in ids {
            let job = self.job(*id);
            job.go(Verb::Claim, State::Running);
            job.attempt += 1;
            job.lease = Some(lease);
            job.in_line.keeps_lane = job.in_line.blocks;
        }
        if !ids.is_empty() {
            self.leases.push((lease, worker));
        }
    }

    /// Whether the settlement is written: only while its lease holds the job.
    pub(super) fn settle(&mut self, lease: LeaseId, id: JobId, verdict: &Verdict) -> bool {
        let now = self.now;
        match self.jobs.get_mut(&id) {
            Some(job) if job.lease == Some(lease) => job.settle(verdict, now),
            _ => return false,
        }
        if let Verdict::Wait { waits } = verdict {
            self.begin_wait(id, waits);
        }
        self.drop_empty_leases();
        true
    }

    pub(super) fn release(&mut self, lease: LeaseId) {
        let now = self.now;
        for id in self.held(lease) {
            self.job(id).hand_back(now);
        }
        self.drop_empty_leases();
    }

    pub(super) fn leave(&mut self, worker: WorkerId) {
        self.workers.remove(&worker);
        for lease in self.leases_of(worker) {
            self.release(lease);
        }
    }

    /// Promotes what is due, cancels what has expired and takes back what dead workers held; the sweeper itself is alive.
    pub(super) fn sweep(&mut self, sweeper: WorkerId) {
        let now = self.now;
        for job in self.jobs.values_mut() {
            let waits = matches!(job.state, State::Scheduled | State::Retryable);
            if waits && job.run_at.is_some_and(|due| due <= now) {
                job.go(Verb::Promote, State::Available);
            }
        }
        let is_dead =
            |id: &WorkerId, worker: &mut Member| *id != sweeper && worker.expires_at <= now;
        let dead: Vec<(WorkerId, Member)> = self.workers.extract_if(.., is_dead).collect();
        for (worker, member) in dead {
            for lease in self.leases_of(worker) {
                for id in self.held(lease) {
                    self.job(id).lose(&member, now);
                }
            }
        }
        for job in self.jobs.values_mut().filter(|job| job.is_over(now)) {
            job.expire(now);
        }
        self.meet_ends();
        self.pass_deadlines();
        self.move_aside();
        self.meet(None);
        self.drop_empty_leases();
    }

    /// Prunes, parks and unparks. Jobs are kept for their time at least; how soon after it they go
    /// is left to the store, within [`LINGER`].
    pub(super) fn tidy(&mut self, is_kept: impl Fn(JobId) -> bool) {
        let now = self.now;
        let is_over = |job: &Job, time: Duration| {
            let over = job.finished_at.is_some_and(|end| end.after(time) <= now);
            matches!(job.state, State::Completed | State::Cancelled) && over
        };
        let goes = |id: JobId, job: &Job| {
            is_over(job, KEEP_FINISHED + LINGER) || is_over(job, KEEP_FINISHED) && !is_kept(id)
        };
        let before = self.jobs.len();
        self.jobs.retain(|id, job| !goes(*id, job));
        self.pruned += (before - self.jobs.len()) as u64;
        let known: BTreeSet<&str> =
            self.workers.values().flat_map(|worker| worker.kinds.iter().copied()).collect();
        self.unpark(|kind| known.contains(kind));
        for job in self.jobs.values_mut() {
            if job.state == State::Available && !known.contains(job.kind) {
                job.go(Verb::Park, State::Waiting);
            }
        }
    }

    pub(super) fn cancel(&mut self, id: JobId) -> Cancelled {
        let now = self.now;
        match self.jobs.get_mut(&id) {
            None => Cancelled::Missing,
            Some(job) if job.state.is_terminal() => Cancelled::Ended(job.state),
            Some(job) if job.state == State::Running => {
                job.cancel_requested = true;
                Cancelled::Requested
            }
            Some(job) => {
                job.end(Verb::Cancel, State::Cancelled, now);
                Cancelled::Now
            }
        }
    }

    pub(super) fn retry(&mut self, id: JobId) -> Retried {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(&id) else { return Retried::Missing };
        if job.is_over(now) {
            job.expire(now);
        }
        if matches!(job.state, State::Waiting | State::Available | State::Running) {
            return Retried::Unneeded(job.state);
        }
        job.wait(Verb::Retry, State::Available, Some(now));
        (job.failures, job.losses, job.finished_at, job.expires_at) = (0, 0, None, None);
        Retried::Now
    }

    pub(super) fn move_to(&mut self, id: JobId, queue: &'static str) -> Moved {
        match self.jobs.get_mut(&id) {
            None => Moved::Missing,
            Some(job) if job.queue == queue => Moved::Unneeded(job.state),
            Some(job) if job.state == State::Running || job.state.is_terminal() => {
                Moved::Left(job.state)
            }
            Some(job) => {
                job.go(Verb::Move, job.state);
                job.queue = queue;
                Moved::Now
            }
        }
    }

    /// The jobs a lease holds.
    pub(super) fn held(&self, lease: LeaseId) -> Vec<JobId> {
        let holds = |job: &Job| job.lease == Some(lease);
        self.jobs.iter().filter(|(_, job)| holds(job)).map(|(id, _)| *id).collect()
    }

    pub(super) fn leases_of(&self, worker: WorkerId) -> Vec<LeaseId> {
        let of = |(_, holder): &&(LeaseId, WorkerId)| *holder == worker;
        self.leases.iter().filter(of).map(|(lease, _)| *lease).collect()
    }

    pub(super) fn job(&mut self, id: JobId) -> &mut Job {
        self.jobs.get_mut(&id).expect("the rules name jobs they have")
    }

    fn unpark(&mut self, known: impl Fn(&str) -> bool) {
        let paused = &self.paused_kinds;
        for job in self.jobs.values_mut() {
            let is_aside = paused.contains_key(job.kind);
            if job.state == State::Waiting && !job.awaits() && known(job.kind) && !is_aside {
                job.go(Verb::Unpark, State::Available);
            }
        }
    }

    fn drop_empty_leases(&mut self) {
        let held: BTreeSet<LeaseId> = self.jobs.values().filter_map(|job| job.lease).collect();
        self.leases.retain(|(lease, _)| held.contains(lease));
    }
}
