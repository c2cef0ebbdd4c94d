//! Gates and steps in words.

use std::time::Duration;

use windlass::job::{Busy, Explanation, Gate, HeldBack, Passage, Standing, Step};
use windlass::limits::SWEEP;
use windlass::{State, Timestamp};

use super::{line, span};
use crate::command::condition;
use crate::output::escape::in_one_line;
use crate::output::{Output, time};

/// A gate, and what is the matter with it.
pub(super) fn gate(out: &Output, explained: &Explanation, passage: &Passage) -> String {
    match &passage.gate {
        Gate::Conditions { open, needed, until, then } => {
            let deadline = until.zip(*then).map(|deadline| condition::overdue(out, deadline));
            let until = deadline.map(|then| format!(", until {then}"));
            format!("{}{}", condition::gate(out, open, *needed), until.unwrap_or_default())
        }
        Gate::Expiry { .. }
        | Gate::Due { .. }
        | Gate::Backoff { .. }
        | Gate::Promotion { .. }
        | Gate::Leader { .. }
        | Gate::Pause { .. }
        | Gate::KindPause { .. } => time_gate(out, explained, passage),
        Gate::Workers { .. }
        | Gate::Handler { .. }
        | Gate::Parked { .. }
        | Gate::Quiet { .. }
        | Gate::Build { .. }
        | Gate::Slots { .. } => worker_gate(explained, passage),
        Gate::Lane { .. }
        | Gate::Places { .. }
        | Gate::Rate { .. }
        | Gate::Breaker { .. }
        | Gate::Turn { .. } => line::gate(out, explained, passage),
        Gate::Suspect { .. } | Gate::Line { .. } | Gate::Locked { .. } | Gate::Key { .. } => {
            line_gate(explained, &passage.gate)
        }
        Gate::Aging { every_ms, own, counts_as, at } => {
            let every = time::span(Duration::from_millis(*every_ms));
            let next = counts_as.saturating_sub(1);
            let at = out.moment_in_full(*at);
            format!(
                "written with priority {own}, counts as {counts_as}: one less every {every} that it waits, {next} {at}"
            )
        }
        Gate::Running { .. }
        | Gate::Lease { .. }
        | Gate::CancelRequested { .. }
        | Gate::Timeout { .. }
        | Gate::Ended { .. }
        | Gate::Clock { .. } => running_gate(out, explained, passage),
    }
}

/// What time brings, and what stops it.
fn time_gate(out: &Output, explained: &Explanation, passage: &Passage) -> String {
    let is_open = passage.standing == Standing::Open;
    let moment = |at: &Timestamp| out.moment_in_full(*at);
    match &passage.gate {
        Gate::Expiry { at } if is_open => format!("expires {}", moment(at)),
        Gate::Expiry { at } => format!("expired {}: it never starts", moment(at)),
        Gate::Due { at } if is_open => format!("due since {}", moment(at)),
        Gate::Due { at } => format!("due {}", moment(at)),
        Gate::Backoff { at, attempt, error } => {
            format!(
                "attempt {attempt} is due {}{}",
                moment(at),
                reason(", after: ", error.as_deref())
            )
        }
        Gate::Promotion { due_at } => {
            let late = span(explained.now, *due_at);
            format!("due for {late}, and waits for the sweep that makes it available")
        }
        Gate::Leader { worker: Some(worker), .. } => {
            format!("{worker} leads, and sweeps every second")
        }
        Gate::Leader { until: Some(until), .. } if *until > explained.now => {
            format!("the leader is gone; another worker takes over by {}", moment(until))
        }
        Gate::Leader { .. } => "no worker leads, so nothing that time brings is done".to_owned(),
        Gate::Pause { since: None, .. } => format!("queue {} is not paused", explained.queue),
        Gate::Pause { since: Some(since), until, note } => {
            paused(out, &format!("queue {}", explained.queue), (*since, *until, note.as_deref()))
        }
        Gate::KindPause { since, until, note } => {
            paused(out, &format!("kind {}", explained.kind), (*since, *until, note.as_deref()))
        }
        _ => String::new(),
    }
}

/// Whether a worker is there who can run it.
fn worker_gate(explained: &Explanation, passage: &Passage) -> String {
    let is_open = passage.standing == Standing::Open;
    let queue = &explained.queue;
    match &passage.gate {
        Gate::Workers { workers } if is_open => {
            format!("{} queue {queue}: {}", serve(workers.len()), workers.join(", "))
        }
        Gate::Workers { .. } => format!("no live worker serves queue {queue}"),
        Gate::Handler { handler, .. } if is_open => format!("{handler} is known"),
        Gate::Handler { handler, workers } if workers.is_empty() => {
            format!("no live worker knows {handler}")
        }
        Gate::Handler { handler, workers } => {
            let others = workers.join(", ");
            format!("no worker of queue {queue} knows {handler}; on other queues: {others}")
        }
        Gate::Parked { reason: why } => {
            format!("moved out of the way{}", reason(": ", why.as_deref()))
        }
        Gate::Quiet { workers } if is_open => {
            format!("asked to take no new work: {}", workers.join(", "))
        }
        Gate::Quiet { workers } => {
            format!(
                "every worker that knows it was asked to take no new work: {}",
                workers.join(", ")
            )
        }
        Gate::Build { workers } if is_open => {
            format!("held back by their build: {}", held_back(workers))
        }
        Gate::Build { workers } => {
            format!("the workers that know it are held back by their build: {}", held_back(workers))
        }
        Gate::Slots { workers } => slots(is_open, workers),
        _ => String::new(),
    }
}

/// What keeps it from being the next one.
fn line_gate(explained: &Explanation, gate: &Gate) -> String {
    match gate {
        Gate::Suspect { losses } => format!(
            "lost {} with a worker: it runs with no other such job beside it",
            time::count(u64::from(*losses), "time")
        ),
        Gate::Line { ahead: 0, .. } => "first in line".to_owned(),
        Gate::Line { ahead, or_more } => {
            let more = if *or_more { " or more" } else { "" };
            format!("{}{more} ahead of it in queue {}", time::count(*ahead, "job"), explained.queue)
        }
        Gate::Locked { by } => {
            format!("its row is locked by another transaction: {}", in_one_line(by))
        }
        Gate::Key { key, holds: true, .. } => {
            format!("holds its unique key {}: no other job comes in with it", in_one_line(key))
        }
        Gate::Key { key, holder: Some(other), .. } => {
            format!(
                "{other} holds its unique key {}: it cannot be retried meanwhile",
                in_one_line(key)
            )
        }
        Gate::Key { key, .. } => format!("its unique key {} is free", in_one_line(key)),
        _ => String::new(),
    }
}

/// Where a job is that runs, and how one ended.
fn running_gate(out: &Output, explained: &Explanation, passage: &Passage) -> String {
    let moment = |at: &Timestamp| out.moment_in_full(*at);
    match &passage.gate {
        Gate::Running { worker, since, attempt } => {
            format!("attempt {attempt} runs on {worker} for {}", span(explained.now, *since))
        }
        Gate::Lease { worker, until: Some(until) } if passage.standing == Standing::Open => {
            format!("{worker} lives: its lease lasts until {} unless renewed", moment(until))
        }
        Gate::Lease { worker, until: Some(until) } => {
            format!("the lease of {worker} ended {}", moment(until))
        }
        Gate::Lease { worker, .. } => format!("{worker} is gone"),
        Gate::CancelRequested { reason: why } => format!("asked to stop: {}", in_one_line(why)),
        Gate::Timeout { at } => format!("told to end {}", moment(at)),
        Gate::Ended { at, outcome, reason: why } => {
            format!("ended {} as {outcome}{}", moment(at), reason(": ", why.as_deref()))
        }
        Gate::Clock { ahead_us } => clock(*ahead_us),
        _ => String::new(),
    }
}

/// A reason behind something, where there is one.
pub(super) fn reason(before: &str, why: Option<&str>) -> String {
    why.map_or_else(String::new, |why| format!("{before}{}", in_one_line(why)))
}

fn paused(
    out: &Output,
    what: &str,
    (since, until, note): (Timestamp, Option<Timestamp>, Option<&str>),
) -> String {
    let until =
        until.map_or_else(String::new, |until| format!(", until {}", out.moment_in_full(until)));
    let (since, note) = (out.moment_in_full(since), reason(": ", note));
    format!("{what} is paused since {since}{until}{note}")
}

fn serve(workers: usize) -> String {
    match workers {
        1 => "1 worker serves".to_owned(),
        number => format!("{number} workers serve"),
    }
}

fn slots(is_open: bool, workers: &[Busy]) -> String {
    let each = |busy: &Busy| format!("{} {}/{}", busy.worker, busy.running, busy.slots);
    let each = workers.iter().map(each).collect::<Vec<_>>().join(", ");
    match is_open {
        true => format!("a slot is free: {each}"),
        false => format!("every slot is taken: {each}"),
    }
}

fn held_back(workers: &[HeldBack]) -> String {
    let each = |one: &HeldBack| {
        let note = reason(": ", one.note.as_deref());
        let (build, minimum) = (in_one_line(&one.build), in_one_line(&one.minimum.to_string()));
        format!("{} ({build}, below {minimum}{note})", one.worker)
    };
    workers.iter().map(each).collect::<Vec<_>>().join(", ")
}

fn clock(ahead_us: i64) -> String {
    let off = time::span(std::time::Duration::from_micros(ahead_us.unsigned_abs()));
    let way = if ahead_us < 0 { "behind" } else { "ahead of" };
    format!("the clock here is {off} {way} the database's, by which everything goes")
}

/// What happens next, and when.
pub(super) fn next(out: &Output, explained: &Explanation) -> String {
    let at = |otherwise: &str| {
        explained.next.at.map_or_else(|| otherwise.to_owned(), |at| out.moment_in_full(at))
    };
    match explained.next.step {
        Step::Claim => "the next free slot takes it, within a moment".to_owned(),
        Step::Promote if explained.next.at > Some(explained.now) => {
            format!("it becomes available {}", at(""))
        }
        Step::Promote => "a worker's next sweep makes it available".to_owned(),
        Step::Meet => match explained.next.at {
            Some(when) => format!("what it waits for comes {}", out.moment_in_full(when)),
            None => "it is made available by what it waits for, in the same transaction".to_owned(),
        },
        Step::Overdue => format!("its deadline passes {}", at("soon")),
        Step::Decide => {
            "nothing by itself: it waits for ever, until that is retried and ends as asked, or a person lets it pass or cancels it"
                .to_owned()
        }
        Step::Resume => match explained.next.at {
            Some(_) => format!("the pause ends {}", at("")),
            None => "nothing, until it is resumed".to_owned(),
        },
        Step::Worker => "nothing, until a worker comes that can take it".to_owned(),
        Step::Unpark => format!(
            "it is brought back in line by the leader's tidying, {} at the latest",
            at("soon")
        ),
        Step::Slot => "it waits for a slot: as soon as a running job ends".to_owned(),
        Step::Turn => "it is taken after those ahead of it".to_owned(),
        Step::Lane => "it waits for the end of the first of its lane".to_owned(),
        Step::Open => "nothing, until the dead job is retried or its lane is opened".to_owned(),
        Step::Place => "it waits for a place: as soon as one of those jobs ends".to_owned(),
        Step::Tokens => format!("its tokens will be there {}", at("soon")),
        Step::Probe => match explained.next.at {
            Some(_) => format!("one job is let through {}", at("")),
            None => "the end of the job that probes decides".to_owned(),
        },
        Step::Unlock => "it waits for the end of that transaction".to_owned(),
        Step::Expire if explained.next.at > Some(explained.now.after(SWEEP)) => {
            format!("it expires {}, before it can start", at(""))
        }
        Step::Expire => "the next sweep cancels it".to_owned(),
        Step::Settle => {
            "its worker ends the attempt; if that worker dies, another gets it".to_owned()
        }
        Step::Cancel => "its worker ends the attempt, and it is cancelled".to_owned(),
        Step::TakeBack => "the next sweep takes it back, and another worker gets it".to_owned(),
        Step::Remove => format!("it is removed {}", at("when its time of keeping is over")),
        Step::Keep => "nothing: it is kept until a person decides".to_owned(),
    }
}

/// What a person can do about it.
pub(super) fn commands(explained: &Explanation) -> Vec<String> {
    let (id, queue) = (explained.job, &explained.queue);
    match explained.next.step {
        Step::Promote => vec![format!("windlass job retry {id}   (runs it now)")],
        Step::Meet | Step::Decide | Step::Overdue => condition::commands(explained),
        Step::Resume => resume(explained),
        Step::Worker => worker(explained),
        Step::Slot => vec![format!("windlass job list 'state:running queue:{queue}'")],
        Step::Lane | Step::Open => line::lane(explained),
        Step::Place | Step::Tokens => vec!["windlass limit list".to_owned()],
        Step::Probe => line::probe(explained),
        Step::Turn => vec![format!("windlass job list 'state:running,available queue:{queue}'")],
        Step::Settle => vec![format!("windlass job cancel {id}")],
        Step::Expire => vec![format!("windlass job retry {id}   (runs it anyway)")],
        Step::Keep => {
            let mut commands =
                vec![format!("windlass job retry {id}"), format!("windlass job show {id}")];
            commands.extend(line::kept_lane(explained));
            commands
        }
        Step::Remove if explained.state == State::Cancelled && !is_superseded(explained) => {
            vec![format!("windlass job retry {id}")]
        }
        Step::TakeBack | Step::Unpark => vec!["windlass worker list".to_owned()],
        _ => Vec::new(),
    }
}

/// A job that another one has made needless is not to run.
fn is_superseded(explained: &Explanation) -> bool {
    let by = |gate: &Gate| match gate {
        Gate::Ended { reason, .. } => {
            let needless = ["superseded by ", "what it waited for cannot come any more"];
            reason.as_deref().is_some_and(|why| needless.iter().any(|text| why.starts_with(text)))
        }
        _ => false,
    };
    explained.shut().any(by)
}

fn resume(explained: &Explanation) -> Vec<String> {
    let command = |gate: &Gate| match gate {
        Gate::Pause { .. } => Some(format!("windlass queue resume {}", explained.queue)),
        Gate::KindPause { .. } => Some(format!("windlass kind resume {}", explained.kind)),
        _ => None,
    };
    explained.shut().filter_map(command).collect()
}

fn worker(explained: &Explanation) -> Vec<String> {
    let mut commands = Vec::new();
    for gate in explained.shut() {
        match gate {
            Gate::Quiet { workers } => {
                commands.extend(
                    workers.iter().map(|worker| format!("windlass worker resume {worker}")),
                );
            }
            Gate::Build { .. } => commands.push("windlass worker required".to_owned()),
            Gate::Workers { .. } => {
                commands.push("windlass work   (or start your own worker)".to_owned())
            }
            Gate::Handler { .. } | Gate::Leader { .. } if commands.is_empty() => {
                commands.push("windlass doctor".to_owned());
            }
            _ => {}
        }
    }
    commands
}
