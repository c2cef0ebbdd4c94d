//! The gates of a job in line: its lane, the limits that concern it, its turn.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Gate, LimitOf, Next, Passage, Step, note, open, passage, shut};
use crate::job::{LimitLook, Look, State};
use crate::limit::Breaker;
use crate::limits::LINE;
use crate::time::Timestamp;

/// All of them, in the order in which a claim asks.
pub(super) fn gates(look: &Look) -> Vec<Passage> {
    let mut gates: Vec<Passage> = lane(look).into_iter().collect();
    for limit in &look.in_line.limits {
        gates.extend(places(look, limit));
        gates.extend(rate(look, limit));
        gates.extend(breaker(look, limit));
    }
    gates.extend(turn(look));
    gates
}

/// The lane that a job keeps while it runs, and a dead one until a person decides.
pub(super) fn kept_lane(look: &Look) -> Option<Passage> {
    let keeps = look.in_line.lane.as_ref()?.first.as_ref()?.job == look.job.id;
    lane(look).filter(|_| keeps).map(|passage| note(passage.gate))
}

/// How many are before it in its line, where it stands in one.
pub(super) fn ahead(look: &Look) -> Option<u64> {
    let Some(lane) = &look.in_line.lane else {
        return look.in_line.turn.map(|turn| turn.ahead);
    };
    let runs_before =
        |first: &_| look.job.state != State::Running && runs(first) && first.job != look.job.id;
    Some(lane.waiting + u64::from(lane.first.as_ref().is_some_and(runs_before)))
}

fn runs(first: &crate::job::LaneFirst) -> bool {
    first.state == State::Running
}

fn lane(look: &Look) -> Option<Passage> {
    let key = look.job.meta.lane.as_ref()?.key().to_owned();
    let first = look.in_line.lane.as_ref()?.first.clone();
    let is_first = first.as_ref().is_none_or(|first| first.job == look.job.id);
    let ahead = ahead(look).unwrap_or_default();
    Some(passage(is_first, Gate::Lane { key, first, ahead, or_more: ahead >= LINE }))
}

fn of(limit: &LimitLook) -> LimitOf {
    LimitOf {
        on: limit.limit.on.clone(),
        key: limit.key.clone(),
        set_by: limit.set_by,
        note: limit.note.clone(),
    }
}

fn places(look: &Look, limit: &LimitLook) -> Option<Passage> {
    let most = limit.limit.running?;
    let (running, holders) = (limit.running_now, limit.holders.clone());
    let reserved = reserved_for_others(&look.job.kind, limit);
    let free = u64::from(most).saturating_sub(running);
    let is_open = free > reserved.values().sum();
    let gate = Gate::Places { limit: of(limit), most, running, holders, reserved };
    Some(passage(is_open, gate))
}

/// Free places that others have before a job of this kind; none where it has a place of its own.
fn reserved_for_others(kind: &str, limit: &LimitLook) -> BTreeMap<String, u64> {
    let free = |(kind, places): (&String, &u32)| {
        let running = limit.running_by_kind.get(kind).copied().unwrap_or_default();
        (kind.clone(), u64::from(*places).saturating_sub(running))
    };
    let mut free: BTreeMap<String, u64> = limit.limit.reserved.iter().map(free).collect();
    free.retain(|_, places| *places > 0);
    if free.contains_key(kind) { BTreeMap::new() } else { free }
}

/// Whether there are as many tokens as it costs, and when they have come where nobody takes some before.
fn rate(look: &Look, limit: &LimitLook) -> Option<Passage> {
    let (rate, tokens) = limit.limit.rate.zip(limit.tokens_now)?;
    let cost = u32::from(look.job.meta.cost.unwrap_or(1));
    // One that costs more than there ever is starts when all of it is there.
    let missing = f64::from(cost.min(rate.burst)) - tokens;
    let wait = rate.per.as_secs_f64() * missing / f64::from(rate.tokens);
    let at = (missing > 0.0).then(|| look.now.after(up_to_micros(wait)));
    let tokens = tokens.floor() as i64;
    let gate = Gate::Rate { limit: of(limit), tokens, burst: rate.burst, cost, at };
    Some(passage(missing <= 0.0, gate))
}

fn up_to_micros(seconds: f64) -> Duration {
    // What is less than a part of a microsecond comes from the division.
    Duration::from_micros((seconds * 1e6 - 1e-3).ceil() as u64)
}

/// Whether its breaker lets it through. What the next claim would find out is told as found out.
fn breaker(look: &Look, limit: &LimitLook) -> Option<Passage> {
    let Breaker { failures, open_for, .. } = limit.limit.breaker?;
    let known = &limit.breaker;
    let gate = |since, until, probe| Gate::Breaker { limit: of(limit), since, until, probe };
    let opens_now = || shut(gate(Some(look.now), Some(look.now.after(open_for)), None));
    let Some(since) = known.opened_at else {
        let has_failed = known.failed >= u64::from(failures);
        return Some(if has_failed { opens_now() } else { open(gate(None, None, None)) });
    };
    let until = since.after(open_for);
    Some(match known.probe {
        _ if look.now < until => shut(gate(Some(since), Some(until), None)),
        None => open(gate(Some(since), None, None)),
        probe if known.probe_runs => shut(gate(Some(since), None, probe)),
        _ if known.probe_failed => opens_now(),
        _ => open(gate(None, None, None)),
    })
}

fn turn(look: &Look) -> Option<Passage> {
    let turn = look.in_line.turn?;
    let key = look.job.meta.fair.as_ref().map(|fair| fair.key().to_owned());
    let (ahead, others, sooner) = (turn.ahead, turn.others, turn.sooner);
    let gate = Gate::Turn { key, ahead, or_more: ahead >= LINE, others, sooner };
    Some(passage(ahead == 0, gate))
}

/// What a job waits for where the first of these gates that is shut is one of a line; of those of them that open at a
/// known time the one that opens first is told.
pub(super) fn next<'a>(first: &'a Gate, others: impl Iterator<Item = &'a Gate>) -> Option<Next> {
    let untimed = |step| Some(Next { step, at: None });
    match first {
        Gate::Lane { first: Some(first), .. } if first.state == State::Dead => untimed(Step::Open),
        Gate::Lane { .. } => untimed(Step::Lane),
        Gate::Places { .. } => untimed(Step::Place),
        Gate::Turn { .. } => untimed(Step::Turn),
        Gate::Breaker { until: None, .. } => untimed(Step::Probe),
        Gate::Rate { .. } | Gate::Breaker { .. } => {
            std::iter::once(first).chain(others).filter_map(timed).min_by_key(|next| next.at)
        }
        _ => None,
    }
}

fn timed(gate: &Gate) -> Option<Next> {
    let at = |step, at: Option<Timestamp>| at.map(|at| Next { step, at: Some(at) });
    match gate {
        Gate::Rate { at: tokens_at, .. } => at(Step::Tokens, *tokens_at),
        Gate::Breaker { until, .. } => at(Step::Probe, *until),
        _ => None,
    }
}
