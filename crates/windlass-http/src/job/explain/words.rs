//! Where a job stands and its gates, in words.

use std::time::Duration;

use windlass::Timestamp;
use windlass::job::{Busy, Explanation, Gate, HeldBack, Passage, Standing};

use super::{line, next};
use crate::job::condition::words as awaited;
use crate::words::escape::in_one_line;
use crate::words::time;

/// How a moment is written.
pub(crate) type Moment<'a> = &'a dyn Fn(Timestamp) -> String;

/// An explanation in words.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub(super) explained: &'a Explanation,
    moment: Moment<'a>,
    pub(super) sight: Sight,
}

/// What the one who is told may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Every job.
    All,
    /// Some jobs; which other ones stand in the way was left out.
    Some,
}

impl<'a> Words<'a> {
    /// The words for somebody who may see every job, with moments written in this way.
    #[must_use]
    pub fn of(explained: &'a Explanation, moment: &'a dyn Fn(Timestamp) -> String) -> Self {
        Self { explained, moment, sight: Sight::All }
    }

    pub(super) fn seen_by(self, sight: Sight) -> Self {
        Self { sight, ..self }
    }

    /// How long it is where it is: `4m 12s`, or `4m 12s ago` where it has ended.
    #[must_use]
    pub fn age(&self) -> String {
        let ends = if self.explained.state.is_terminal() { " ago" } else { "" };
        format!("{}{ends}", span(self.explained.now, self.explained.since))
    }

    /// What happens next, and when.
    #[must_use]
    pub fn next(&self) -> String {
        next::next(self.explained, self.moment)
    }

    /// A gate, and what is the matter with it.
    #[must_use]
    pub fn gate(&self, passage: &Passage) -> String {
        gate(self, passage)
    }

    pub(super) fn moment(&self, at: Timestamp) -> String {
        (self.moment)(at)
    }
}

/// A time between two moments, in words.
fn span(later: Timestamp, earlier: Timestamp) -> String {
    time::span(later.since(earlier))
}

fn gate(words: &Words<'_>, passage: &Passage) -> String {
    let explained = words.explained;
    match &passage.gate {
        Gate::Conditions { open, needed, until, then } => {
            let deadline = until.zip(*then).map(|at| awaited::overdue(at, words.moment));
            let until = deadline.map(|then| format!(", until {then}"));
            let open = awaited::gate(open, *needed, words.moment);
            format!("{open}{}", until.unwrap_or_default())
        }
        Gate::Expiry { .. }
        | Gate::Due { .. }
        | Gate::Backoff { .. }
        | Gate::Promotion { .. }
        | Gate::Leader { .. }
        | Gate::Pause { .. }
        | Gate::KindPause { .. } => time_gate(words, passage),
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
        | Gate::Turn { .. } => line::gate(words, passage),
        Gate::Suspect { .. } | Gate::Line { .. } | Gate::Locked { .. } | Gate::Key { .. } => {
            line_gate(words, &passage.gate)
        }
        Gate::Aging { every_ms, own, counts_as, at } => {
            let every = time::span(Duration::from_millis(*every_ms));
            let next = counts_as.saturating_sub(1);
            let at = words.moment(*at);
            format!(
                "written with priority {own}, counts as {counts_as}: one less every {every} that it waits, {next} {at}"
            )
        }
        Gate::Running { .. }
        | Gate::Lease { .. }
        | Gate::CancelRequested { .. }
        | Gate::Timeout { .. }
        | Gate::Ended { .. }
        | Gate::Clock { .. } => running_gate(words, passage),
    }
}

/// What time brings, and what stops it.
fn time_gate(words: &Words<'_>, passage: &Passage) -> String {
    let explained = words.explained;
    let is_open = passage.standing == Standing::Open;
    let moment = |at: &Timestamp| words.moment(*at);
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
            paused(words, &format!("queue {}", explained.queue), (*since, *until, note.as_deref()))
        }
        Gate::KindPause { since, until, note } => {
            paused(words, &format!("kind {}", explained.kind), (*since, *until, note.as_deref()))
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
fn line_gate(words: &Words<'_>, gate: &Gate) -> String {
    let explained = words.explained;
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
        Gate::Key { key, .. } if words.sight == Sight::Some => {
            format!("no job that you may see holds its unique key {}", in_one_line(key))
        }
        Gate::Key { key, .. } => format!("its unique key {} is free", in_one_line(key)),
        _ => String::new(),
    }
}

/// Where a job is that runs, and how one ended.
fn running_gate(words: &Words<'_>, passage: &Passage) -> String {
    let explained = words.explained;
    let moment = |at: &Timestamp| words.moment(*at);
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
    words: &Words<'_>,
    what: &str,
    (since, until, note): (Timestamp, Option<Timestamp>, Option<&str>),
) -> String {
    let until = until.map_or_else(String::new, |until| format!(", until {}", words.moment(until)));
    let (since, note) = (words.moment(since), reason(": ", note));
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
