//! Problems in words: what is the matter, how much it weighs, and what to do.

use windlass::health::{Aspect, Counted, Problem};
use windlass::{LimitOn, State, Timestamp};

use super::Status;
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
    let ago = |moment: Timestamp| time::lasted(now.since(moment));
    match problem {
        Problem::Latency { queue, kind, oldest_due_at } => {
            format!("{queue}: {}, a job of {kind}", ago(*oldest_due_at))
        }
        Problem::Failing { kind, jobs, failures, job, .. } => {
            let times = time::count(u64::from(*failures), "failure");
            format!("{kind}: {}, up to {times}: {job}", jobs_of(*jobs))
        }
        Problem::RunningLong { job, kind, worker, since, expected, .. } => {
            let expected = expected.map_or_else(String::new, |expected| {
                format!(" instead of {}", time::span(expected))
            });
            format!("{kind}: {}{expected}: {job} on {worker}", ago(*since))
        }
        Problem::Dying { kind, jobs, last_at, job } => {
            format!("{kind}: {}, the last {} ago: {job}", jobs_of(*jobs), ago(*last_at))
        }
        Problem::LaneBlocked { lane, job, kind, reason, since, waiting } => {
            let why = reason
                .as_deref()
                .map_or_else(String::new, |reason| format!(": {}", in_one_line(reason)));
            let waiting = jobs_of(*waiting);
            format!(
                "lane {}: {waiting} behind {job}, a job of {kind} that died {} ago{why}",
                in_one_line(lane),
                ago(*since)
            )
        }
        Problem::LaneLong { lane, waiting } => {
            format!("lane {}: {} wait", in_one_line(lane), jobs_of(*waiting))
        }
        Problem::Stuck { job, kind, since, condition, awaited, ended, .. } => {
            let ended = ended.map_or("gone", State::word);
            let of = if *condition == awaited.to_string() {
                String::new()
            } else {
                format!("{}: ", in_one_line(condition))
            };
            format!("{kind}: {job} for {}, {of}{awaited} is {ended}", ago(*since))
        }
        Problem::BreakerOpen { on, since, until } => {
            let left = time::lasted(until.since(now));
            let next =
                if *until > now { format!("{left} to go") } else { "a job may probe".into() };
            format!("{on}: for {}, {next}", ago(*since))
        }
        Problem::SourceFailing { source, failures, error, failed_at } => {
            let (times, error) = (time::count(u64::from(*failures), "failure"), in_one_line(error));
            format!("{source}: {times} in a row, the last {} ago: {error}", ago(*failed_at))
        }
        Problem::SourceStopped { source, reason, since } => {
            let why =
                reason.as_deref().map_or_else(String::new, |why| format!(": {}", in_one_line(why)));
            format!("{source}: stopped {} ago{why}", ago(*since))
        }
        Problem::QueueUnserved { queue, kind, oldest_due_at } => {
            let due = ago(*oldest_due_at);
            format!("{queue}: no worker serves the queue, and a job of {kind} is due for {due}")
        }
        Problem::KindUnhandled { kind, version, queue, jobs, .. } => {
            format!("{kind}@{version}: no worker knows it, {} in queue {queue}", jobs_of(*jobs))
        }
        other => limit_line(other, ago),
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

/// What to do about it: a command, or what to look at.
#[must_use]
pub fn remedy(problem: &Problem) -> String {
    match problem {
        Problem::Latency { queue, .. } => format!(
            "start more workers or give them more slots; what keeps a job: windlass job list 'queue:{queue} state:available', \
             then windlass explain JOB"
        ),
        Problem::Failing { job, .. } => format!("its errors: windlass job show {job}"),
        Problem::RunningLong { job, .. } => format!("windlass job cancel {job}"),
        Problem::Dying { kind, job, .. } => format!(
            "its errors: windlass job show {job}; then windlass job retry 'state:dead kind:{kind}'"
        ),
        Problem::LaneBlocked { lane, job, .. } => {
            format!(
                "windlass job retry {job}, or let the next one begin: {}",
                command_to_open(lane)
            )
        }
        Problem::Stuck { job, condition, awaited, ended, .. } => {
            let retry = match ended {
                Some(State::Dead | State::Cancelled) => format!("windlass job retry {awaited}, or "),
                _ => String::new(),
            };
            let waive = command_to_waive(*job, condition);
            format!("{retry}let it pass: {waive}, or windlass job cancel {job}")
        }
        Problem::LaneLong { .. } => {
            "one job of a lane runs at a time: give what may overlap lanes of their own; windlass lane list".to_owned()
        }
        Problem::LimitUnused { on, .. } => format!("windlass limit remove {on}"),
        Problem::RateSlow { on, .. } => format!("windlass limit set {on} --rate N --per TIME"),
        Problem::LimitFull { on, .. } => format!("windlass limit set {on} --running N"),
        Problem::SourceFailing { source, .. } => format!("windlass source show {source}"),
        Problem::SourceStopped { source, .. } => {
            format!("windlass source show {source}; to go on behind the gap: windlass source resume {source}")
        }
        Problem::BreakerOpen { on, .. } => match on {
            LimitOn::Kind(kind) => {
                format!("what fails: windlass job list kind:{kind} state:retryable")
            }
            LimitOn::Queue(queue) => {
                format!("what fails: windlass job list queue:{queue} state:retryable")
            }
            _ => "what fails: windlass job list state:retryable".to_owned(),
        },
        Problem::QueueUnserved { .. } => "start a worker that serves the queue".to_owned(),
        Problem::KindUnhandled { .. } => "deploy a worker that registers the kind".to_owned(),
        _ => "windlass status".to_owned(),
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
