//! Conditions by the rules, and the steps that declare and meet them.

use std::collections::BTreeMap;

use windlass_core::condition::{
    ConditionState, Ends, Overdue, Signal, SignalAnswer, Waits, Waived,
};
use windlass_core::id::JobId;
use windlass_core::job::{State, Verb, Verdict};
use windlass_core::store::Now;
use windlass_core::time::Timestamp;

use super::driver::Driver;
use super::rules::{Job, Rules};
use super::steps::{said, same};

/// What a job waits for, by the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Waiting {
    conditions: Vec<Condition>,
    needed: usize,
    deadline: Option<(Timestamp, Overdue)>,
    /// Whether it does not wait any more.
    is_over: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    name: String,
    on: On,
    state: ConditionState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum On {
    Job(JobId, Ends),
    Signal(String),
}

/// The name of what a handler waits for.
const HANDLER: &str = "handler";

/// What has been signalled, and whether that it will not come.
pub(super) type Signals = BTreeMap<String, bool>;

impl Job {
    /// Whether it waits for its conditions.
    pub(super) fn awaits(&self) -> bool {
        self.state == State::Waiting && self.waits.as_ref().is_some_and(|waits| !waits.is_over)
    }

    pub(super) fn wait_no_more(&mut self) {
        if let Some(waits) = &mut self.waits {
            waits.is_over = true;
        }
    }

    fn number(&self, is_so: impl Fn(ConditionState) -> bool) -> usize {
        let conditions = self.waits.iter().flat_map(|waits| &waits.conditions);
        conditions.filter(|one| is_so(one.state)).count()
    }

    /// Makes it available, or scheduled.
    fn release(&mut self, now: Timestamp) {
        self.wait_no_more();
        let is_due = self.run_at.is_none_or(|run_at| run_at <= now);
        let to = if is_due { State::Available } else { State::Scheduled };
        self.wait(Verb::Meet, to, self.run_at.map(|run_at| run_at.max(now)));
    }

    fn release_if_met(&mut self, now: Timestamp) {
        let needed = self.waits.as_ref().map_or(0, |waits| waits.needed);
        let met =
            self.number(|state| matches!(state, ConditionState::Met | ConditionState::Waived));
        let is_met = met >= needed || self.number(|state| state == ConditionState::Open) == 0;
        if self.awaits() && is_met {
            self.release(now);
        }
    }
}

impl Rules {
    /// A job that was just written waits.
    pub(super) fn declare(&mut self, id: JobId) {
        let now = self.now;
        let job = self.job(id);
        if job.waits.is_none() {
            return;
        }
        job.state = State::Waiting;
        let signals = self.signals.clone();
        for (key, withdrawn) in signals {
            self.signal_job(id, &key, withdrawn);
        }
        self.meet_ends();
        self.job(id).release_if_met(now);
    }

    /// A job's handler waits for a signal, unless the job was cancelled meanwhile. What it waited for before counts no more.
    pub(super) fn begin_wait(&mut self, id: JobId, waits: &Waits) {
        let (now, signals) = (self.now, self.signals.clone());
        let job = self.job(id);
        if job.state != State::Waiting {
            return;
        }
        let before = job.waits.take().unwrap_or_default();
        let closed = |mut one: Condition| {
            if one.state == ConditionState::Open {
                one.state = ConditionState::Withdrawn;
            }
            one
        };
        let others = before.conditions.into_iter().filter(|one| one.name != HANDLER).map(closed);
        let new = waits.signals().map(|key| Condition {
            name: HANDLER.to_owned(),
            on: On::Signal(key.to_owned()),
            state: ConditionState::Open,
        });
        job.waits = Some(Waiting {
            conditions: others.chain(new).collect(),
            needed: usize::MAX,
            deadline: waits.until(now),
            is_over: false,
        });
        for (key, withdrawn) in signals {
            self.signal_job(id, &key, withdrawn);
        }
        self.job(id).release_if_met(now);
    }

    fn signal_job(&mut self, id: JobId, key: &str, withdrawn: bool) -> u64 {
        let job = self.job(id);
        let mut met = 0;
        if job.awaits()
            && let Some(waits) = &mut job.waits
        {
            let is_it = |one: &&mut Condition| {
                one.on == On::Signal(key.to_owned()) && one.state == ConditionState::Open
            };
            for one in waits.conditions.iter_mut().filter(is_it) {
                one.state = if withdrawn { ConditionState::Withdrawn } else { ConditionState::Met };
                met += 1;
            }
        }
        met
    }

    /// Meets the conditions on jobs that have ended.
    pub(super) fn meet_ends(&mut self) {
        let (now, states): (_, BTreeMap<JobId, State>) =
            (self.now, self.jobs.iter().map(|(id, job)| (*id, job.state)).collect());
        for job in self.jobs.values_mut().filter(|job| job.awaits()) {
            for one in job.waits.iter_mut().flat_map(|waits| &mut waits.conditions) {
                let On::Job(other, ends) = &one.on else { continue };
                let ended =
                    states.get(other).is_some_and(|state| ends.states().any(|s| s == *state));
                if one.state == ConditionState::Open && ended {
                    one.state = ConditionState::Met;
                }
            }
            job.release_if_met(now);
        }
    }

    /// What happens to jobs whose deadline has passed, the earliest first.
    pub(super) fn pass_deadlines(&mut self) {
        let now = self.now;
        let deadline = |job: &Job| job.waits.as_ref().and_then(|waits| waits.deadline);
        let mut due: Vec<(Timestamp, JobId, Overdue)> = self
            .jobs
            .iter()
            .filter_map(|(id, job)| deadline(job).map(|(at, then)| (at, *id, then)))
            .filter(|(at, ..)| *at <= now)
            .collect();
        due.sort_by_key(|(at, id, _)| (*at, *id));
        for (_, id, then) in due {
            let job = self.job(id);
            if !job.awaits() {
                continue;
            }
            match then {
                Overdue::Run => job.release(now),
                Overdue::Cancel => job.end(Verb::Meet, State::Cancelled, now),
                Overdue::Die => job.end(Verb::Meet, State::Dead, now),
            }
            self.meet_ends();
        }
    }

    fn signal(&mut self, key: &str, withdrawn: bool) -> (SignalAnswer, u64) {
        if self.signals.contains_key(key) {
            return (SignalAnswer::Duplicate, 0);
        }
        self.signals.insert(key.to_owned(), withdrawn);
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        let met = ids.iter().map(|id| self.signal_job(*id, key, withdrawn)).sum();
        let now = self.now;
        self.jobs.values_mut().for_each(|job| job.release_if_met(now));
        let waits = |job: &Job| {
            let conditions = job.waits.iter().flat_map(|waits| &waits.conditions);
            conditions.filter(|one| one.on == On::Signal(key.to_owned())).count() > 0
        };
        match met {
            0 if self.jobs.values().any(waits) => (SignalAnswer::Late, 0),
            0 => (SignalAnswer::Kept, 0),
            met => (SignalAnswer::Met, met),
        }
    }

    fn waive(&mut self, id: JobId, name: &str) -> Waived {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(&id) else { return Waived::Missing };
        let awaits = job.awaits();
        let conditions = job.waits.iter_mut().flat_map(|waits| &mut waits.conditions);
        let Some(one) = conditions.into_iter().find(|one| one.name == name) else {
            return Waived::Missing;
        };
        if !awaits || one.state != ConditionState::Open {
            return Waived::Unneeded;
        }
        one.state = ConditionState::Waived;
        job.release_if_met(now);
        Waived::Now
    }
}

impl Driver {
    /// Has a job wait, by chance, for others that are there or come before it in the call, and for signals.
    pub(super) fn wait_for(&mut self, before: &[JobId]) -> Option<(Waits, Waiting)> {
        if self.random.u32(..4) > 0 {
            return None;
        }
        let number = self.random.usize(1..4);
        let all = self.random.u32(..3) > 0;
        let mut waits = if all { Waits::all() } else { Waits::any() };
        let mut waiting = Waiting::default();
        for nth in 0..number {
            let name = format!("c{nth}");
            let other =
                if self.random.bool() { self.some_job().or(before.last().copied()) } else { None };
            let ends = [Ends::ANY, Ends::COMPLETED][self.random.usize(..2)];
            let on = match other {
                Some(other) => On::Job(other, ends),
                None => On::Signal(self.some_key()),
            };
            waits = match &on {
                On::Job(other, ends) => waits.job_ended(name.clone(), *other, *ends),
                On::Signal(key) => waits.signal(name.clone(), key.clone()),
            };
            waiting.conditions.push(Condition { name, on, state: ConditionState::Open });
        }
        waiting.needed = if all { number } else { 1 };
        if self.random.u32(..3) == 0 {
            let after = self.up_to(40);
            let then = [Overdue::Run, Overdue::Cancel, Overdue::Die][self.random.usize(..3)];
            waits = waits.deadline(after, then);
            waiting.deadline = Some((self.rules.now.after(after), then));
        }
        Some((waits, waiting))
    }

    fn some_key(&mut self) -> String {
        format!("key {}", self.keys + self.random.usize(..5))
    }

    /// A handler waits for a signal, perhaps not for long.
    pub(super) fn wait_for_signal(&mut self) -> Verdict {
        let waits = Waits::all().signal(HANDLER, self.some_key());
        let until = self.rules.now.after(self.up_to(40));
        let is_bounded = self.random.bool();
        let waits = if is_bounded { waits.deadline_at(until, Overdue::Run) } else { waits };
        Verdict::Wait { waits }
    }

    /// A signal, or that it will not come.
    pub(super) async fn signal(&mut self) -> Result<(), String> {
        let (key, withdrawn) = (self.some_key(), self.random.u32(..5) == 0);
        self.keys += usize::from(self.random.u32(..3) == 0);
        self.tell(format!("signal {key}, withdrawn: {withdrawn}"));
        let signal = Signal { is_withdrawn: withdrawn, ..Signal::new(key.clone()) };
        let told = self.store.signal(&signal, Now::At(self.rules.now)).await.map_err(said)?;
        let expected = self.rules.signal(&key, withdrawn);
        same("signal", &(told.answer, told.conditions), &expected)
    }

    /// A person lets a job pass.
    pub(super) async fn waive(&mut self) -> Result<(), String> {
        let Some(id) = self.some_job() else { return Ok(()) };
        let name = ["c0", "c1", HANDLER][self.random.usize(..3)].to_owned();
        self.tell(format!("waive {name} of {id}"));
        let waived = self.store.waive(id, &name, None, Now::At(self.rules.now)).await;
        same("waive", &waived.map_err(said)?, &self.rules.waive(id, &name))
    }
}
