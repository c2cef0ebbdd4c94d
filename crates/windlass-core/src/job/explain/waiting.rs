//! The gates of a job that waits.

use super::{
    Busy, Gate, HeldBack, Next, Passage, Standing, Step, key, leader, line as stand, note, open,
    passage, shut,
};
use crate::condition::{Awaited, ConditionRecord, ConditionState};
use crate::job::{HandlerKey, Look, Paused, State};
use crate::limits::{LINE, SUSPECT_LOSSES, SWEEP, TIDY};
use crate::queue::aged;
use crate::worker::WorkerRecord;

/// The gates in the order in which a job passes them, and what happens next.
pub(super) fn gates(look: &Look) -> (Vec<Passage>, Next) {
    let mut gates = Vec::new();
    gates.extend(expiry(look));
    gates.extend(conditions(look));
    if !waits(look) {
        gates.extend(time(look));
    }
    let needs_leader = look.job.state != State::Available || gates.iter().any(is_shut);
    if needs_leader {
        gates.push(leader(look));
    }
    gates.push(pause(look));
    gates.extend(kind_pause(look));
    gates.extend(workers(look));
    gates.extend(line(look));
    gates.extend(key(look));
    let next = in_time(look, next(look, &gates));
    (gates, next)
}

/// What is to happen to a job after it has expired does not.
fn in_time(look: &Look, next: Next) -> Next {
    let expires_at = look.job.meta.expires_at(look.job.created_at);
    match expires_at.filter(|at| *at > look.now && next.at.is_some_and(|then| then >= *at)) {
        None => next,
        expires_at => Next { step: Step::Expire, at: expires_at },
    }
}

fn is_shut(passage: &Passage) -> bool {
    passage.standing == Standing::Shut
}

fn expiry(look: &Look) -> Option<Passage> {
    let at = look.job.meta.expires_at(look.job.created_at)?;
    Some(passage(at > look.now, Gate::Expiry { at }))
}

/// Whether it waits for conditions; one that is parked has met them.
fn waits(look: &Look) -> bool {
    look.job.state == State::Waiting && look.job.reason.is_none() && !look.conditions.is_empty()
}

/// What it waits for, while it does.
fn conditions(look: &Look) -> Option<Passage> {
    let waits_for = look.job.meta.waits.as_ref()?;
    let (until, then) = waits_for.until(look.job.created_at).unzip();
    if !waits(look) {
        return None;
    }
    let is_met =
        |one: &&ConditionRecord| matches!(one.state, ConditionState::Met | ConditionState::Waived);
    // What it waited for before its handler waited once more counts no more.
    let is_of_now = |one: &&ConditionRecord| waits_for.each().any(|now| now.name() == one.name);
    let met = look.conditions.iter().filter(is_of_now).filter(is_met).count();
    let is_open = |one: &&ConditionRecord| one.state == ConditionState::Open;
    let open: Vec<_> = look.conditions.iter().filter(is_open).cloned().collect();
    let needed = match waits_for.wants_all() {
        true => open.len(),
        false => waits_for.needed().saturating_sub(met).min(open.len()),
    };
    Some(passage(open.is_empty(), Gate::Conditions { open, needed, until, then }))
}

/// Whether its time has come, and whether somebody has noticed.
fn time(look: &Look) -> Vec<Passage> {
    let job = &look.job;
    let at = job.run_at;
    let is_due = at <= look.now;
    let gate = match (job.state, job.history.last()) {
        (State::Retryable, Some(last)) => {
            Gate::Backoff { at, attempt: job.attempt + 1, error: last.error.clone() }
        }
        (State::Retryable, None) => Gate::Backoff { at, attempt: job.attempt + 1, error: None },
        _ => Gate::Due { at },
    };
    // What is available was taken as due by somebody, whatever its due time says: a job that goes behind others has a later one.
    let is_ahead = matches!(job.state, State::Scheduled | State::Retryable);
    let mut gates = vec![passage(is_due || !is_ahead, gate)];
    if is_ahead && is_due {
        gates.push(shut(Gate::Promotion { due_at: at }));
    }
    gates
}

fn pause(look: &Look) -> Passage {
    match &look.queue_paused {
        Some(pause) => shut(Gate::Pause {
            since: Some(pause.since),
            until: pause.until,
            note: pause.note.clone(),
        }),
        None => open(Gate::Pause { since: None, until: None, note: None }),
    }
}

fn kind_pause(look: &Look) -> Option<Passage> {
    let Paused { since, until, note } = look.kind_paused.clone()?;
    Some(shut(Gate::KindPause { since, until, note }))
}

/// Whether somebody is there who can run it.
fn workers(look: &Look) -> Vec<Passage> {
    let job = &look.job;
    let handler = HandlerKey::new(&job.kind, job.version);
    let lives = |worker: &&WorkerRecord| worker.expires_at > look.now;
    let knows = |worker: &&WorkerRecord| worker.handlers.contains(&handler);
    let live = || look.workers.iter().filter(lives);
    let serving: Vec<_> = live().filter(|worker| worker.queues.contains(&job.queue)).collect();
    let knowing: Vec<_> = serving.iter().copied().filter(knows).collect();
    let known_by = labels(live().filter(knows));
    let mut gates = vec![passage(
        !serving.is_empty(),
        Gate::Workers { workers: labels(serving.iter().copied()) },
    )];
    let handler = handler.as_str().to_owned();
    let is_known = !knowing.is_empty() || (serving.is_empty() && !known_by.is_empty());
    gates.push(passage(is_known, Gate::Handler { handler, workers: known_by }));
    if job.state == State::Waiting && !waits(look) {
        gates.push(shut(Gate::Parked { reason: job.reason.clone() }));
    }
    if knowing.is_empty() {
        return gates;
    }
    let takes_none = |worker: &&WorkerRecord| worker.quiet || worker.stopping;
    let (quiet, awake): (Vec<_>, Vec<_>) = knowing.into_iter().partition(takes_none);
    if !quiet.is_empty() {
        gates.push(passage(!awake.is_empty(), Gate::Quiet { workers: labels(quiet.into_iter()) }));
    }
    let (awake, old): (Vec<_>, Vec<_>) = awake.into_iter().partition(|w| w.held_back.is_none());
    let old: Vec<_> = old.into_iter().filter_map(held_back).collect();
    if !old.is_empty() {
        gates.push(passage(!awake.is_empty(), Gate::Build { workers: old }));
    }
    if !awake.is_empty() {
        let is_free = |worker: &&WorkerRecord| worker.running < u64::from(worker.slots);
        let has_free = awake.iter().any(is_free);
        gates.push(passage(
            has_free,
            Gate::Slots { workers: awake.into_iter().map(busy).collect() },
        ));
    }
    gates
}

fn labels<'a>(workers: impl Iterator<Item = &'a WorkerRecord>) -> Vec<String> {
    workers.map(|worker| worker.label.clone()).collect()
}

fn held_back(worker: &WorkerRecord) -> Option<HeldBack> {
    let minimum = worker.held_back.clone()?;
    let (worker, build) = (worker.label.clone(), worker.build.clone());
    Some(HeldBack { worker, build, note: minimum.note.clone(), minimum })
}

fn busy(worker: &WorkerRecord) -> Busy {
    Busy { worker: worker.label.clone(), running: worker.running, slots: worker.slots }
}

/// What keeps it from being the next one.
fn line(look: &Look) -> Vec<Passage> {
    let job = &look.job;
    let mut gates = Vec::new();
    if job.losses >= SUSPECT_LOSSES {
        gates.push(note(Gate::Suspect { losses: job.losses }));
    }
    if let Some(by) = &look.locked_by {
        gates.push(shut(Gate::Locked { by: by.clone() }));
    }
    let in_line = stand::gates(look);
    let is_plain = stand::ahead(look).is_none();
    gates.extend(in_line);
    if job.state == State::Available && is_plain {
        let or_more = look.ahead >= LINE;
        gates.push(passage(look.ahead == 0, Gate::Line { ahead: look.ahead, or_more }));
    }
    gates.extend(aging(look));
    gates
}

/// What it gains by waiting.
fn aging(look: &Look) -> Option<Passage> {
    let job = &look.job;
    let every = look.ages_every.filter(|_| job.state == State::Available)?;
    let own = job.meta.aged.unwrap_or(job.priority);
    let counts_as = aged(own, look.now.since(job.run_at), every);
    let steps = u32::from(own.abs_diff(counts_as)) + 1;
    let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    Some(note(Gate::Aging { every_ms, own, counts_as, at: job.run_at.after(every * steps) }))
}

/// The step that the first shut gate waits for.
fn next(look: &Look, gates: &[Passage]) -> Next {
    // A worker that comes leads by itself.
    let is_first = |p: &&Passage| is_shut(p) && !matches!(p.gate, Gate::Leader { .. });
    let mut shut = gates.iter().filter(is_first).map(|passage| &passage.gate);
    let first = shut.next();
    if let Some(next) = first.and_then(|first| stand::next(first, shut)) {
        return next;
    }
    let (step, at) = match first {
        None => (Step::Claim, None),
        Some(Gate::Conditions { open, needed, until, .. }) => {
            let left = open.iter().filter(|one| !one.is_lost());
            let moments = left.clone().filter_map(|one| match one.awaits {
                Awaited::Moment { at } => Some(at),
                _ => None,
            });
            let moment = moments.min().filter(|_| *needed == 1);
            match (left.count() < *needed, until) {
                (true, None) => (Step::Decide, None),
                (true, until) => (Step::Overdue, *until),
                (false, Some(until)) if moment.is_some_and(|at| at > *until) => {
                    (Step::Overdue, Some(*until))
                }
                (false, _) => (Step::Meet, moment),
            }
        }
        Some(Gate::Expiry { .. }) => (Step::Expire, Some(look.now.after(SWEEP))),
        Some(Gate::Due { at } | Gate::Backoff { at, .. }) => (Step::Promote, Some(*at)),
        Some(Gate::Promotion { .. }) => (Step::Promote, Some(look.now.after(SWEEP))),
        Some(Gate::Pause { until, .. } | Gate::KindPause { until, .. }) => (Step::Resume, *until),
        Some(Gate::Parked { .. }) => (Step::Unpark, Some(look.now.after(TIDY))),
        Some(Gate::Slots { .. }) => (Step::Slot, None),
        Some(Gate::Line { .. }) => (Step::Turn, None),
        Some(Gate::Locked { .. }) => (Step::Unlock, None),
        Some(_) => (Step::Worker, None),
    };
    Next { step, at }
}
