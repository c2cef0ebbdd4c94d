//! Problems in words: what is the matter, how much it weighs, and what to do.

use windlass::health::{Aspect, Counted, Problem};
use windlass::{LimitOn, State, Timestamp};

use super::Status;
use super::line::{Line, line};
use crate::job::command_to_waive;
use crate::lane::command_to_open;
use crate::words::escape::in_one_line;
use crate::words::time;

/// How much a problem of this weighs: work that was asked for is not done, or somebody should look at it.
#[must_use]
pub fn weight(problem: &Problem) -> Status {
    match problem.aspect() {
        _ if is_blocked(problem) => Status::Problem,
        aspect => weight_of(aspect),
    }
}

pub(super) const fn weight_of(aspect: Aspect) -> Status {
    match aspect {
        Aspect::Latency
        | Aspect::Failing
        | Aspect::Running
        | Aspect::Sources
        | Aspect::Queues
        | Aspect::Handlers => Status::Problem,
        _ => Status::Warning,
    }
}

/// Whether work that was asked for is not done before a person does something. What waits for a failure that did not come is
/// no such work.
pub(super) fn is_blocked(problem: &Problem) -> bool {
    match problem {
        Problem::LaneBlocked { .. } | Problem::SourceStopped { .. } => true,
        Problem::Stuck { ended, .. } => *ended != Some(State::Completed),
        _ => false,
    }
}

/// What is the matter, in one line, at this moment of the database's clock.
#[must_use]
pub fn told(problem: &Problem, now: Timestamp) -> String {
    found_in(problem, now).to_string()
}

/// What to do about it: a command, or what to look at.
#[must_use]
pub fn remedy(problem: &Problem) -> String {
    to_do(problem).to_string()
}

/// What is the matter, in parts.
pub(super) fn found_in(problem: &Problem, now: Timestamp) -> Line {
    let ago = |moment: Timestamp| time::lasted(now.since(moment));
    match problem {
        Problem::Latency { queue, kind, oldest_due_at } => {
            line().queue(queue).words(format!(": {}, a job of ", ago(*oldest_due_at))).kind(kind)
        }
        Problem::Failing { kind, jobs, failures, job, .. } => {
            let times = time::count(u64::from(*failures), "failure");
            line().kind(kind).words(format!(": {}, up to {times}: ", jobs_of(*jobs))).job(job)
        }
        Problem::RunningLong { job, kind, worker, since, expected, .. } => {
            let expected = expected.map_or_else(String::new, |expected| {
                format!(" instead of {}", time::span(expected))
            });
            let ran = format!(": {}{expected}: ", ago(*since));
            line().kind(kind).words(ran).job(job).words(format!(" on {worker}"))
        }
        Problem::Dying { kind, jobs, last_at, job } => {
            let dead = format!(": {}, the last {} ago: ", jobs_of(*jobs), ago(*last_at));
            line().kind(kind).words(dead).job(job)
        }
        Problem::Stuck { job, kind, since, condition, awaited, ended, .. } => {
            let ended = ended.map_or("gone", State::word);
            let of = if *condition == awaited.to_string() {
                String::new()
            } else {
                format!("{}: ", in_one_line(condition))
            };
            line()
                .kind(kind)
                .words(": ")
                .job(job)
                .words(format!(" for {}, {of}", ago(*since)))
                .job(awaited)
                .words(format!(" is {ended}"))
        }
        Problem::QueueUnserved { queue, kind, oldest_due_at } => line()
            .queue(queue)
            .words(": no worker serves the queue, and a job of ")
            .kind(kind)
            .words(format!(" is due for {}", ago(*oldest_due_at))),
        Problem::KindUnhandled { kind, version, queue, jobs, .. } => line()
            .kind(kind)
            .words(format!("@{version}: no worker knows it, {} in queue ", jobs_of(*jobs)))
            .queue(queue),
        other => of_lines(other, now),
    }
}

/// The same of lanes, limits, breakers and sources.
fn of_lines(problem: &Problem, now: Timestamp) -> Line {
    let ago = |moment: Timestamp| time::lasted(now.since(moment));
    let why = |reason: &Option<String>| {
        reason.as_deref().map_or_else(String::new, |why| format!(": {}", in_one_line(why)))
    };
    match problem {
        Problem::LaneBlocked { lane, job, kind, reason, since, waiting } => Line::from("lane ")
            .words(in_one_line(lane))
            .words(format!(": {} behind ", jobs_of(*waiting)))
            .job(job)
            .words(", a job of ")
            .kind(kind)
            .words(format!(" that died {} ago{}", ago(*since), why(reason))),
        Problem::LaneLong { lane, waiting } => {
            format!("lane {}: {} wait", in_one_line(lane), jobs_of(*waiting)).into()
        }
        Problem::BreakerOpen { on, since, until } => {
            let left = time::lasted(until.since(now));
            let next =
                if *until > now { format!("{left} to go") } else { "a job may probe".into() };
            format!("{on}: for {}, {next}", ago(*since)).into()
        }
        Problem::SourceFailing { source, failures, error, failed_at } => {
            let (times, error) = (time::count(u64::from(*failures), "failure"), in_one_line(error));
            let ago = ago(*failed_at);
            line().source(source).words(format!(": {times} in a row, the last {ago} ago: {error}"))
        }
        Problem::SourceOverdue { source, since, holder } => {
            let late = format!(": its feed should have been asked {} ago; ", ago(*since));
            let who = holder.as_ref().map_or_else(
                || "no worker reads it".to_owned(),
                |holder| format!("{} holds it", in_one_line(holder)),
            );
            line().source(source).words(late).words(who)
        }
        Problem::SourceStopped { source, reason, since } => {
            line().source(source).words(format!(": stopped {} ago{}", ago(*since), why(reason)))
        }
        other => limit_line(other, ago).into(),
    }
}

fn limit_line(problem: &Problem, ago: impl Fn(Timestamp) -> String) -> String {
    match problem {
        Problem::LimitFull { on, most, full_keys, oldest_due_at } => {
            let most = time::number(u64::from(*most));
            let keys = full_keys
                .map_or_else(String::new, |keys| format!(" of {}", time::count(keys, "key")));
            format!("{on}: {most} run{keys}, and a job waits for {}", ago(*oldest_due_at))
        }
        Problem::LimitUnused { on, nearest } => {
            let meant = nearest
                .as_deref()
                .map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
            format!("{on}: no job and no worker has that name{meant}")
        }
        Problem::RateSlow { on, waiting, takes } => {
            let takes = time::lasted(*takes);
            format!("{on}: at its rate the {} that wait take {takes}", jobs_of(*waiting))
        }
        other => format!("{other:?}"),
    }
}

/// What to do about it, in parts.
pub(super) fn to_do(problem: &Problem) -> Line {
    match problem {
        Problem::Latency { queue, .. } => {
            Line::from("start more workers or give them more slots; what keeps a job: ")
                .run(format!("windlass job list 'queue:{queue} state:available'"))
                .words(", then ")
                .like("windlass explain JOB")
        }
        Problem::Failing { job, .. } => {
            Line::from("its errors: ").run(format!("windlass job show {job}"))
        }
        Problem::RunningLong { job, .. } => line().run(format!("windlass job cancel {job}")),
        Problem::Dying { kind, job, .. } => Line::from("its errors: ")
            .run(format!("windlass job show {job}"))
            .words("; then ")
            .run(format!("windlass job retry 'state:dead kind:{kind}'")),
        Problem::Stuck { job, condition, awaited, ended, .. } => {
            let retried = match ended {
                Some(State::Dead | State::Cancelled) => {
                    line().run(format!("windlass job retry {awaited}")).words(", or ")
                }
                _ => line(),
            };
            retried
                .words("let it pass: ")
                .run(command_to_waive(*job, condition))
                .words(", or ")
                .run(format!("windlass job cancel {job}"))
        }
        Problem::QueueUnserved { .. } => "start a worker that serves the queue".into(),
        Problem::KindUnhandled { .. } => "deploy a worker that registers the kind".into(),
        other => to_do_about_lines(other),
    }
}

/// The same of lanes, limits, breakers and sources.
fn to_do_about_lines(problem: &Problem) -> Line {
    match problem {
        Problem::LaneBlocked { lane, job, .. } => line()
            .run(format!("windlass job retry {job}"))
            .words(", or let the next one begin: ")
            .run(command_to_open(lane)),
        Problem::LaneLong { .. } => Line::from(
            "one job of a lane runs at a time: give what may overlap lanes of their own; ",
        )
        .run("windlass lane list"),
        Problem::LimitUnused { on, .. } => line().run(format!("windlass limit remove {on}")),
        Problem::RateSlow { on, .. } => {
            line().like(format!("windlass limit set {on} --rate N --per TIME"))
        }
        Problem::LimitFull { on, .. } => {
            line().like(format!("windlass limit set {on} --running N"))
        }
        Problem::SourceOverdue { holder: None, .. } => {
            "start a worker that declares the source".into()
        }
        Problem::SourceOverdue { .. } => "restart that worker: its reading is stuck".into(),
        Problem::SourceFailing { source, .. } => {
            line().run(format!("windlass source show {source}"))
        }
        Problem::SourceStopped { source, .. } => line()
            .run(format!("windlass source show {source}"))
            .words("; to go on behind the gap: ")
            .run(format!("windlass source resume {source}")),
        Problem::BreakerOpen { on, .. } => {
            let which = match on {
                LimitOn::Kind(_) | LimitOn::Queue(_) => format!("{on} state:retryable"),
                LimitOn::Key(_) => "state:retryable".to_owned(),
            };
            Line::from("what fails: ").run(format!("windlass job list {which}"))
        }
        _ => line().run("windlass status"),
    }
}

pub(super) fn counted(number: Counted) -> String {
    let or_more = if number.or_more { "more than " } else { "" };
    format!("{or_more}{}", time::number(number.jobs))
}

fn jobs_of(number: Counted) -> String {
    counted_as(number, "job")
}

/// A number with its noun, and whether there are more.
pub(super) fn counted_as(number: Counted, noun: &str) -> String {
    let or_more = if number.or_more { "more than " } else { "" };
    format!("{or_more}{}", time::count(number.jobs, noun))
}
