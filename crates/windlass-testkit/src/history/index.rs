//! A history sorted by what the rules ask for.

mod batches;
mod events;

use std::collections::{BTreeMap, HashMap};

use windlass_core::id::{BatchId, JobId, LeaseId, WorkerId};
use windlass_core::job::JobRecord;
use windlass_core::schedule::ScheduleRecord;
use windlass_core::time::Timestamp;

use super::History;
use super::record::{Answer, Event, Fate, Record, Wanted, Wish};

pub(super) use batches::Together;
pub(super) use events::{Events, Subscribers};

/// So long after its answer a claim is on the disk: PostgreSQL writes what was committed without waiting within
/// three times `wal_writer_delay`, 0.6 s, where the machine does not keep it from that.
const ON_DISK: u64 = 2_000_000_000;
/// How soon a session is made again that has ended. A renewal before that does not say that the worker lives: the lock of its
/// session does, and a process that is frozen in between has none.
const SESSION_AGAIN: u64 = 1_000_000_000;

/// Everything about each job, each call and each process.
#[derive(Debug, Default)]
pub(super) struct Index<'h> {
    pub(super) calls: Vec<Call<'h>>,
    pub(super) lives: BTreeMap<JobId, Life<'h>>,
    /// When each process was killed.
    pub(super) deaths: HashMap<u32, u64>,
    /// The renewals of each worker's lease that were answered.
    renewed: HashMap<WorkerId, Renewal>,
    /// When the sessions of all workers ended.
    sessions_ended: Vec<u64>,
    /// Who took each lease, as often as it was taken.
    pub(super) leases: HashMap<LeaseId, Vec<WorkerId>>,
    /// When each lease was last found in the store by its worker: asked at.
    found: HashMap<LeaseId, u64>,
    /// Kills and other faults.
    pub(super) disturbances: Vec<u64>,
    /// When the database died: from when to when it may have been.
    pub(super) crashes: Vec<(u64, u64)>,
    /// Renewals: when, and by which process.
    pub(super) renewals: Vec<(u64, u32)>,
    pub(super) pauses: Vec<(u64, &'h str, Gate)>,
    /// Limits of kinds that were set or removed, in order.
    pub(super) limits: Vec<SetLimit<'h>>,
    /// What is known of each key that was signalled.
    pub(super) signals: HashMap<&'h str, Sent>,
    /// The batches, with how they stand at the end.
    pub(super) batches: BTreeMap<BatchId, Together<'h>>,
    batch_notes: batches::Notes,
    /// The log, who published in it, and who was fed it.
    pub(super) events: Events<'h>,
    /// The schedules at the end.
    pub(super) schedules: &'h [ScheduleRecord],
    /// When the jobs at the end were read.
    pub(super) read_at: Option<Timestamp>,
}

/// The limit of a kind, from here on.
#[derive(Debug, Clone, Copy)]
pub(super) struct SetLimit<'h> {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) kind: &'h str,
    pub(super) running: Option<u32>,
}

/// What is known of a key that was signalled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// When a signal with it was first sent.
    pub(super) first_asked: u64,
    /// Whether the store said of one that it is written.
    pub(super) is_told: bool,
    /// Whether one was sent that says that it will not come.
    pub(super) may_be_withdrawn: bool,
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.first_asked = self.first_asked.min(other.first_asked);
        self.is_told |= other.is_told;
        self.may_be_withdrawn |= other.may_be_withdrawn;
    }
}

/// What happened to a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Paused,
    Resumed,
}

/// One enqueue.
#[derive(Debug)]
pub(super) struct Call<'h> {
    pub(super) asked: u64,
    pub(super) jobs: &'h [Wanted],
    /// When it was answered; nobody knows what happened to a call that was not.
    pub(super) answered: Option<u64>,
    pub(super) fate: Fate,
    pub(super) existing: &'h [JobId],
    /// Whether its jobs come of a part of the log, which another call may write where this one does not.
    pub(super) is_fed: bool,
}

/// One job.
#[derive(Debug, Default)]
pub(super) struct Life<'h> {
    pub(super) claims: Vec<Claim<'h>>,
    pub(super) starts: Vec<Begun>,
    pub(super) ends: Vec<(u64, u32)>,
    pub(super) settlements: Vec<Settlement>,
    pub(super) revivals: Vec<u64>,
    /// Whether somebody asked for it to be cancelled.
    pub(super) is_cancel_asked: bool,
    /// The work of steps that was done: each with its attempt.
    pub(super) steps_done: Vec<(&'h str, u32)>,
    /// The steps that are recorded, each with its attempt.
    pub(super) steps_kept: Vec<(&'h str, u32)>,
    pub(super) ended: Option<&'h JobRecord>,
}

/// Until when a worker's lease holds by its renewals, and when one was last asked for while its session stood.
#[derive(Debug, Clone, Copy, Default)]
struct Renewal {
    heard: u64,
    until: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'h> {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) process: u32,
    pub(super) lease: LeaseId,
    pub(super) attempt: u32,
    pub(super) queue: &'h str,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) at: u64,
    pub(super) process: u32,
    pub(super) attempt: u32,
    pub(super) lease: LeaseId,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settlement {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) lease: LeaseId,
    pub(super) attempt: u32,
    pub(super) wish: Wish,
    pub(super) answer: Answer,
}

impl Settlement {
    /// Whether it was told that it is written.
    pub(super) fn is_accepted(&self) -> bool {
        matches!(self.answer, Answer::Done | Answer::Already)
    }

    /// Whether it ended the job, or may have: its answer may be lost.
    pub(super) fn may_have_ended_the_job(&self) -> bool {
        self.wish != Wish::Again && (self.is_accepted() || self.answer == Answer::Unknown)
    }

    /// Whether it was told so and ended the job.
    pub(super) fn ended_the_job(&self) -> bool {
        self.is_accepted() && self.wish != Wish::Again
    }
}

impl Call<'_> {
    pub(super) fn is_done(&self) -> bool {
        self.fate == Fate::Done
    }
}

impl<'h> Index<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let (read_at, schedules) = (history.read_at, history.schedules.as_slice());
        let mut index = Self { read_at, schedules, ..Self::default() };
        let mut calls: HashMap<(u32, u64), usize> = HashMap::new();
        for record in &history.records {
            match &record.event {
                Event::Enqueue { call, jobs } => {
                    calls.insert((record.process, *call), index.calls.len());
                    let (answered, fate) = (None, Fate::Unknown);
                    let (asked, existing, is_fed) = (record.at, &[][..], false);
                    let call = Call { asked, jobs, answered, fate, existing, is_fed };
                    index.calls.push(call);
                }
                Event::Enqueued { call, fate, existing } => {
                    let Some(at) = calls.get(&(record.process, *call)) else { continue };
                    let call = &mut index.calls[*at];
                    (call.answered, call.fate) = (Some(record.at), *fate);
                    call.existing = existing;
                }
                Event::Route { call, .. } => {
                    let Some(at) = calls.get(&(record.process, *call)) else { continue };
                    index.calls[*at].is_fed = true;
                }
                _ => index.add(record),
            }
        }
        for job in &history.ended {
            index.lives.entry(job.id).or_default().ended = Some(job);
        }
        index.batches = batches::of(&index, &history.batches);
        index.events = Events::of(history);
        index
    }

    fn add(&mut self, record: &'h Record) {
        let (at, process) = (record.at, record.process);
        match &record.event {
            Event::Claimed { asked, worker, lease, jobs } => {
                self.leases.entry(*lease).or_default().push(*worker);
                for taken in jobs {
                    let claim = Claim {
                        asked: *asked,
                        answered: at,
                        process,
                        lease: *lease,
                        attempt: taken.attempt,
                        queue: &taken.queue,
                    };
                    self.life(taken.job).claims.push(claim);
                }
            }
            Event::Settled { asked, lease, job, attempt, wish, answer } => {
                let (asked, lease, attempt) = (*asked, *lease, *attempt);
                let (wish, answer) = (*wish, *answer);
                let settlement = Settlement { asked, answered: at, lease, attempt, wish, answer };
                self.life(*job).settlements.push(settlement);
            }
            Event::Start { job, attempt, lease, .. } => {
                let begun = Begun { at, process, attempt: *attempt, lease: *lease };
                self.life(*job).starts.push(begun);
            }
            Event::End { job, attempt } => self.life(*job).ends.push((at, *attempt)),
            Event::Renewed { worker, asked, lease, held, hears } => {
                for lease in held {
                    let found = self.found.entry(*lease).or_default();
                    *found = (*found).max(*asked);
                }
                let until = asked + u64::try_from(lease.as_nanos()).unwrap_or(u64::MAX);
                let last = self.renewed.entry(*worker).or_default();
                last.until = last.until.max(until);
                if *hears {
                    last.heard = last.heard.max(*asked);
                }
                self.renewals.push((at, process));
            }
            Event::Killed { process } => {
                self.deaths.entry(*process).or_insert(at);
                self.disturbances.push(at);
            }
            Event::Crashed { began } => {
                self.crashes.push((*began, at));
                self.sessions_ended.push(*began);
                self.disturbances.push(at);
            }
            Event::SessionsEnded { began } => {
                self.sessions_ended.push(*began);
                self.disturbances.push(at);
            }
            Event::StepDone { job, attempt, step } => {
                self.life(*job).steps_done.push((step, *attempt));
            }
            Event::StepsKept { job, attempt, steps } => {
                let kept = steps.iter().map(|step| (step.as_str(), *attempt));
                self.life(*job).steps_kept.extend(kept);
            }
            event => self.add_wish(at, event),
        }
    }

    /// What belongs to no attempt.
    fn add_wish(&mut self, at: u64, event: &'h Event) {
        match event {
            Event::Paused { queue } => self.pauses.push((at, queue, Gate::Paused)),
            Event::Resumed { queue, asked } => self.pauses.push((*asked, queue, Gate::Resumed)),
            Event::Signalled { key, asked, is_told, is_withdrawn } => {
                let (first_asked, is_told, may_be_withdrawn) = (*asked, *is_told, *is_withdrawn);
                let sent = Sent { first_asked, is_told, may_be_withdrawn };
                self.signals.entry(key).and_modify(|one| one.add(sent)).or_insert(sent);
            }
            Event::LimitSet { kind, running, asked } => {
                let (asked, running) = (*asked, *running);
                self.limits.push(SetLimit { asked, answered: at, kind, running });
            }
            Event::Revived { job, asked } => self.life(*job).revivals.push(*asked),
            Event::CancelAsked { jobs } => {
                jobs.iter().for_each(|job| self.life(*job).is_cancel_asked = true);
            }
            Event::Opened { batch } => self.batch_notes.opened(*batch),
            Event::Sealed { batch } => self.batch_notes.sealed(*batch),
            Event::Counted { job, batch, counted } => {
                self.batch_notes.told(*batch, *job, *counted);
            }
            _ => {}
        }
    }

    fn life(&mut self, job: JobId) -> &mut Life<'h> {
        self.lives.entry(job).or_default()
    }

    /// Until when a worker's lease certainly held: as long as its last renewal says, unless its session ended and did not
    /// stand again.
    pub(super) fn lease_end(&self, worker: WorkerId) -> Option<u64> {
        let last = self.renewed.get(&worker)?;
        let is_since = |at: &u64| *at + SESSION_AGAIN >= last.heard;
        let session_end = self.sessions_ended.iter().copied().filter(is_since).min();
        Some(session_end.unwrap_or(u64::MAX).min(last.until))
    }

    /// Whether a worker's session had ended by then, since it was last known to stand: others may have taken its jobs, and one that
    /// was frozen meanwhile cannot know.
    pub(super) fn lost_its_session(&self, worker: WorkerId, by: u64) -> bool {
        let heard = self.renewed.get(&worker).map_or(0, |last| last.heard);
        self.sessions_ended.iter().any(|at| *at + SESSION_AGAIN >= heard && *at <= by)
    }

    /// When a crash may have undone a claim: it was asked for before the server was gone, was not answered long before
    /// that, and nobody found its lease in the store since. On a busy machine an answer is read long after it was sent.
    pub(super) fn may_be_undone(&self, claim: &Claim<'_>) -> Option<u64> {
        let found = self.found.get(&claim.lease).copied().unwrap_or_default();
        let is_soon = |(began, over): &&(u64, u64)| {
            claim.asked <= *over && *began < claim.answered + ON_DISK && found <= *over
        };
        self.crashes.iter().filter(is_soon).map(|(began, _)| *began).min()
    }

    /// Whether the database may have died between these moments.
    pub(super) fn crashed_between(&self, from: u64, to: u64) -> bool {
        self.crashes.iter().any(|(began, over)| from <= *over && *began <= to)
    }

    /// Whether the job is there at the end.
    pub(super) fn is_there(&self, job: JobId) -> bool {
        self.lives.get(&job).is_some_and(|life| life.ended.is_some())
    }
}
