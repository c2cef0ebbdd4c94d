//! Why a job is where it is: every gate between it and a worker, and what happens next.
//!
//! Pure: it is made of a [`Look`], which a store takes in one snapshot.

mod gate;
mod line;
mod waiting;

use std::time::Duration;

use serde::Serialize;

use super::{JobRecord, Look, Outcome, State};
use crate::id::{JobId, WorkerId};
use crate::limits::{KEEP_FINISHED, SWEEP};
use crate::time::Timestamp;

pub use gate::{Busy, Gate, HeldBack, LimitOf, Standing};

/// A clock that is further off than this is pointed out.
const CLOCK_DOUBT: Duration = Duration::from_secs(1);

/// Why a job is where it is, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The job.
    pub job: JobId,
    /// Its kind.
    pub kind: String,
    /// The version of its args.
    pub version: u16,
    /// Its queue.
    pub queue: String,
    /// Where it stands.
    pub state: State,
    /// The moment of this, by the database's clock.
    pub now: Timestamp,
    /// Since when it is there: when it was due, was claimed or ended.
    pub since: Timestamp,
    /// Every gate on its way, those that are open among them.
    pub gates: Vec<Passage>,
    /// Jobs of its lane or line that are claimed before it; of its queue, where it stands in none.
    pub ahead: Option<u64>,
    /// What happens next.
    pub next: Next,
}

/// A gate, and whether it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// Whether it keeps the job back.
    pub standing: Standing,
    /// What it is, with what a person needs to know.
    #[serde(flatten)]
    pub gate: Gate,
}

/// What happens next to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// What it is.
    pub step: Step,
    /// When, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A step of a job, as far as it can be foreseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The next free slot of a worker takes it.
    Claim,
    /// It becomes available.
    Promote,
    /// What it waits for comes.
    Meet,
    /// Its deadline passes while it waits.
    Overdue,
    /// Never by itself: the job or batch that it waits for, which has ended in another way, is retried, or a person lets it pass.
    Decide,
    /// Its queue is resumed.
    Resume,
    /// A worker that can run it comes.
    Worker,
    /// It is brought back in line.
    Unpark,
    /// A running job ends, and leaves its slot.
    Slot,
    /// Those in front of it are claimed.
    Turn,
    /// The first of its lane ends.
    Lane,
    /// The dead job that blocks its lane is retried, or a person opens the lane.
    Open,
    /// A running job ends, and leaves its place of a limit.
    Place,
    /// The tokens that it costs have come.
    Tokens,
    /// A breaker lets one job through, or the one that it has let through ends.
    Probe,
    /// Another transaction ends.
    Unlock,
    /// It is cancelled since it has not started in time.
    Expire,
    /// Its attempt ends, and its worker writes how.
    Settle,
    /// Its worker is told to stop it, and it is cancelled.
    Cancel,
    /// It is taken from a worker that is gone, and given to another.
    TakeBack,
    /// It is removed.
    Remove,
    /// Nothing: it is kept until a person decides.
    Keep,
}

impl Explanation {
    /// What a look says.
    #[must_use]
    pub fn of(look: &Look) -> Self {
        let (gates, next) = match look.job.state {
            State::Running => running(look),
            State::Completed | State::Cancelled | State::Dead => ended(look),
            State::Waiting | State::Scheduled | State::Available | State::Retryable => {
                waiting::gates(look)
            }
        };
        let job = &look.job;
        Self {
            job: job.id,
            kind: job.kind.clone(),
            version: job.version,
            queue: job.queue.clone(),
            state: job.state,
            now: look.now,
            since: since(job),
            gates,
            ahead: (job.state == State::Available).then(|| line::ahead(look).unwrap_or(look.ahead)),
            next,
        }
    }

    /// The same, beside the caller's clock at that moment: nothing is decided by it, and where it is off, the times that
    /// the caller sees are.
    #[must_use]
    pub fn beside(mut self, clock: Timestamp) -> Self {
        let (ahead, behind) = (clock.since(self.now), self.now.since(clock));
        if ahead.max(behind) > CLOCK_DOUBT {
            let ahead_us = clock.as_micros() - self.now.as_micros();
            self.gates.push(note(Gate::Clock { ahead_us }));
        }
        self
    }

    /// The gates that keep it back, the first of them first.
    pub fn shut(&self) -> impl Iterator<Item = &Gate> {
        let shut = |passage: &&Passage| passage.standing == Standing::Shut;
        self.gates.iter().filter(shut).map(|passage| &passage.gate)
    }
}

/// Since when it is where it is.
fn since(job: &JobRecord) -> Timestamp {
    match job.state {
        State::Running => job.started_at.unwrap_or(job.run_at),
        State::Completed | State::Cancelled | State::Dead => job.finished_at.unwrap_or(job.run_at),
        State::Scheduled | State::Retryable => {
            let ended = job.history.last().and_then(|attempt| attempt.ended_at);
            ended.unwrap_or(job.created_at)
        }
        State::Waiting | State::Available => job.run_at.max(job.created_at),
    }
}

const fn open(gate: Gate) -> Passage {
    Passage { standing: Standing::Open, gate }
}

const fn shut(gate: Gate) -> Passage {
    Passage { standing: Standing::Shut, gate }
}

const fn note(gate: Gate) -> Passage {
    Passage { standing: Standing::Note, gate }
}

/// Open or shut.
const fn passage(is_open: bool, gate: Gate) -> Passage {
    if is_open { open(gate) } else { shut(gate) }
}

/// The gate of the unique key: the job that holds it is in already, and others are kept out.
fn key(look: &Look) -> Option<Passage> {
    let unique = look.job.meta.unique.as_ref()?;
    let key = unique.key().to_owned();
    Some(note(Gate::Key {
        key,
        holder: look.key_holder,
        holds: look.key_holder == Some(look.job.id),
    }))
}

/// Who leads; without a leader nothing that time brings happens.
fn leader(look: &Look) -> Passage {
    let leader = look.leader.filter(|leader| leader.until > look.now);
    let label = leader.and_then(|leader| label(look, leader.worker));
    let last = look.leader.map(|leader| leader.until);
    // A leader that is not registered any more has died, and its place is taken at the next sweep of another.
    passage(label.is_some(), Gate::Leader { worker: label, until: last })
}

fn label(look: &Look, id: WorkerId) -> Option<String> {
    look.workers.iter().find(|worker| worker.id == id).map(|worker| worker.label.clone())
}

fn running(look: &Look) -> (Vec<Passage>, Next) {
    let job = &look.job;
    let holder = look.held_by.and_then(|id| look.workers.iter().find(|worker| worker.id == id));
    let lives = holder.is_some_and(|worker| worker.expires_at > look.now);
    let worker = job.worker.clone().unwrap_or_default();
    let started = job.started_at.unwrap_or(look.now);
    let until = holder.map(|worker| worker.expires_at);
    let mut gates = vec![
        note(Gate::Running { worker: worker.clone(), since: started, attempt: job.attempt }),
        passage(lives, Gate::Lease { worker, until }),
    ];
    if !lives {
        gates.push(leader(look));
    }
    if let Some(reason) = &look.cancel_reason {
        gates.push(note(Gate::CancelRequested { reason: reason.clone() }));
    }
    if let Some(ms) = job.meta.timeout_ms {
        gates.push(note(Gate::Timeout { at: started.after(Duration::from_millis(ms)) }));
    }
    gates.extend(line::kept_lane(look));
    gates.extend(key(look));
    let step = match (lives, look.cancel_reason.is_some() || job.cancel_requested) {
        (false, _) => Step::TakeBack,
        (true, true) => Step::Cancel,
        (true, false) => Step::Settle,
    };
    let at = (!lives).then(|| look.now.after(SWEEP));
    (gates, Next { step, at })
}

fn ended(look: &Look) -> (Vec<Passage>, Next) {
    let job = &look.job;
    let at = job.finished_at.unwrap_or(look.now);
    let last = job.history.last();
    let outcome = match job.state {
        State::Completed => Outcome::Ok,
        State::Cancelled => last.map_or(Outcome::Cancelled, |attempt| attempt.outcome),
        _ => last.map_or(Outcome::Error, |attempt| attempt.outcome),
    };
    let mut gates = vec![shut(Gate::Ended { at, outcome, reason: job.reason.clone() })];
    gates.extend(line::kept_lane(look).filter(|_| job.state == State::Dead));
    gates.extend(key(look));
    let next = match job.state {
        State::Dead => Next { step: Step::Keep, at: None },
        _ => Next { step: Step::Remove, at: Some(at.after(KEEP_FINISHED)) },
    };
    (gates, next)
}
