//! What keeps a job in line, in words.

use std::collections::BTreeMap;

use windlass::job::{Explanation, Gate, LaneFirst, LimitOf, Passage, Standing};
use windlass::limit::SetBy;
use windlass::{JobId, LimitOn, State};

use super::words::{Words, reason};
use crate::lane::command_to_open;
use crate::words::escape::in_one_line;
use crate::words::time;

/// A gate of a line, and what is the matter with it.
pub(super) fn gate(words: &Words<'_>, passage: &Passage) -> String {
    let explained = words.explained;
    match &passage.gate {
        Gate::Lane { key, first, ahead, or_more } => {
            let first = first.as_ref().filter(|first| first.job != explained.job);
            lane_gate(words, (key, passage.standing), first, (*ahead, *or_more))
        }
        Gate::Places { limit, most, running, holders, reserved } => {
            let who = if holders.is_empty() { String::new() } else { named(holders, *running) };
            let kept = reserved_for(reserved);
            format!("{}: {running} of {most} run{who}{kept}{}", of(limit), said_by(limit))
        }
        Gate::Rate { limit, tokens, burst, cost, at } => {
            let at = at.map_or_else(String::new, |at| {
                format!(", there {} unless others take them", words.moment(at))
            });
            let by = said_by(limit);
            format!("{}: {tokens} of {burst} tokens, it takes {cost}{at}{by}", of(limit))
        }
        Gate::Breaker { .. } => breaker(words, passage),
        Gate::Turn { .. } => turn(explained, &passage.gate),
        _ => String::new(),
    }
}

/// The free places that others have before it.
fn reserved_for(reserved: &BTreeMap<String, u64>) -> String {
    if reserved.is_empty() {
        return String::new();
    }
    let each = reserved.iter().map(|(kind, free)| format!("{} for {kind}", time::number(*free)));
    format!("; free places are reserved: {}", each.collect::<Vec<_>>().join(", "))
}

fn lane_gate(
    words: &Words<'_>,
    (key, standing): (&str, Standing),
    first: Option<&LaneFirst>,
    (ahead, or_more): (u64, bool),
) -> String {
    let lane = format!("lane {}", in_one_line(key));
    let more = if or_more { " or more" } else { "" };
    let Some(first) = first else {
        return match words.explained.state {
            State::Dead => format!("{lane} stands still until this is retried, or it is opened"),
            State::Running => format!("has {lane}: the next one begins when it has ended"),
            _ if standing == Standing::Shut && ahead == 0 => format!("{lane}: another job has it"),
            _ if standing == Standing::Shut => {
                format!("{lane}: {}{more} of it before this one", time::count(ahead, "job"))
            }
            _ => format!("first of {lane}"),
        };
    };
    let before = match first.state {
        State::Dead if ahead == 0 => String::new(),
        _ => format!("; {}{more} of it before this one", time::count(ahead, "job")),
    };
    format!("{lane}: {} {}{before}", first.job, does(words, first))
}

/// What the first of a lane does.
fn does(words: &Words<'_>, first: &LaneFirst) -> String {
    let why = |before| reason(before, first.reason.as_deref());
    match first.state {
        State::Running => {
            format!("runs on {}", first.worker.as_deref().unwrap_or("a worker"))
        }
        State::Retryable | State::Scheduled => {
            format!("goes first, and is tried again {}", words.moment(first.run_at))
        }
        State::Waiting => format!("goes first, and was moved out of the way{}", why(": ")),
        State::Dead => format!("is dead and blocks it{}", why(": ")),
        _ => "goes first, and is due".to_owned(),
    }
}

fn breaker(words: &Words<'_>, passage: &Passage) -> String {
    let Gate::Breaker { limit, since, until, probe } = &passage.gate else { return String::new() };
    let by = said_by(limit);
    let (of, since) = (of(limit), since.map(|at| format!("open since {}", words.moment(at))));
    match (since, until, probe) {
        (None, ..) => format!("{of}: its breaker is closed{by}"),
        (Some(since), Some(until), _) => {
            let until = words.moment(*until);
            format!("{of}: its breaker is {since}: nothing starts until {until}{by}")
        }
        (Some(since), None, Some(probe)) => {
            format!("{of}: its breaker is {since}, and {probe} probes{by}")
        }
        (Some(since), None, None) if passage.standing == Standing::Shut => {
            format!("{of}: its breaker is {since}, and another job probes{by}")
        }
        (Some(since), None, None) => {
            format!("{of}: its breaker is {since}, and lets one job through now{by}")
        }
    }
}

fn turn(explained: &Explanation, gate: &Gate) -> String {
    let Gate::Turn { key, ahead, or_more, others, sooner } = gate else { return String::new() };
    let line = key
        .as_ref()
        .map_or_else(|| "its line".to_owned(), |key| format!("the line of {}", in_one_line(key)));
    let more = if *or_more { " or more" } else { "" };
    let place = match ahead {
        0 => format!("first in {line}"),
        ahead => format!("{}{more} ahead of it in {line}", time::count(*ahead, "job")),
    };
    let others = match others {
        0 => String::new(),
        others => format!(", in turns with {}", time::count(*others, "other line")),
    };
    let sooner = match sooner {
        0 => String::new(),
        sooner => format!(
            "; {} of a smaller priority in line on queue {}",
            time::count(*sooner, "job"),
            explained.queue
        ),
    };
    format!("{place}{others}{sooner}")
}

fn of(limit: &LimitOf) -> String {
    let key = limit.key.as_deref().unwrap_or_default();
    match &limit.on {
        LimitOn::Queue(name) => format!("limit of queue {name}"),
        LimitOn::Kind(name) => format!("limit of kind {name}"),
        LimitOn::Key(name) => format!("limit {name} of key {}", in_one_line(key)),
    }
}

/// Some of those that have the places, and how many more there are.
fn named(holders: &[JobId], running: u64) -> String {
    let names = holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match running.saturating_sub(holders.len() as u64) {
        0 => format!(": {names}"),
        more => format!(": {names} and {more} more"),
    }
}

fn said_by(limit: &LimitOf) -> String {
    let by = match limit.set_by {
        Some(SetBy::Code) => ", set in code",
        Some(SetBy::Config) => ", set in windlass.toml",
        Some(_) => ", set by a person",
        None => ", as the job says",
    };
    format!("{by}{}", reason(": ", limit.note.as_deref()))
}

/// What a person can do about the lane that keeps a job.
pub(super) fn lane(explained: &Explanation) -> Vec<String> {
    let lane = explained.shut().find_map(|gate| match gate {
        Gate::Lane { key, first: Some(first), .. } => Some((key, first)),
        _ => None,
    });
    match lane {
        Some((key, first)) if first.state == State::Dead => {
            vec![format!("windlass job retry {}", first.job), command_to_open(key)]
        }
        Some((_, first)) => vec![format!("windlass explain {}", first.job)],
        None => Vec::new(),
    }
}

/// What a person can do about a breaker.
pub(super) fn probe(explained: &Explanation) -> Vec<String> {
    let open = explained.shut().find_map(|gate| match gate {
        Gate::Breaker { limit, .. } => Some(format!("windlass limit close {}", limit.on)),
        _ => None,
    });
    open.into_iter().chain(["windlass limit list".to_owned()]).collect()
}

/// The lane that a dead job keeps, opened.
pub(super) fn kept_lane(explained: &Explanation) -> Option<String> {
    let mut gates = explained.gates.iter().filter(|passage| passage.standing == Standing::Note);
    gates.find_map(|passage| match &passage.gate {
        Gate::Lane { key, .. } => Some(command_to_open(key)),
        _ => None,
    })
}
