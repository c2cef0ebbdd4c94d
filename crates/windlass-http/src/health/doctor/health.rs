//! The checks of jobs and lines, one for each aspect: see `windlass::health`.

use std::time::Duration;

use windlass::alert::MuteRecord;
use windlass::health::{Aspect, Counted, Problem};
use windlass::{LimitOn, State, Timestamp};

use super::checks::listed;
use super::{Check, Findings, Status};
use crate::job::command_to_waive;
use crate::lane::command_to_open;
use crate::words::escape::in_one_line;
use crate::words::time;

/// What waits, fails, runs or died, each for itself.
pub(super) fn of_jobs(found: &Findings) -> Vec<Check> {
    let thresholds = &found.thresholds;
    let mut checks = vec![
        check(found, Aspect::Latency).unwrap_or_else(|| {
            let detail = format!("no job has been due for {}", time::span(thresholds.latency));
            Check::ok("latency", detail)
        }),
        check(found, Aspect::Failing).unwrap_or_else(|| {
            let detail = format!("no job has failed {} times in a row", thresholds.failures);
            Check::ok("failing", detail)
        }),
        check(found, Aspect::Running)
            .unwrap_or_else(|| Check::ok("running", "no job runs for too long")),
        check(found, Aspect::Dying).unwrap_or_else(|| {
            let within = time::span(thresholds.died_within);
            Check::ok("dying", format!("no job died in the last {within}"))
        }),
    ];
    checks.extend(muted(found));
    checks.extend(not_told(found));
    checks
}

/// Lanes, limits, breakers, jobs that wait for what cannot come, and sources, where there are any.
pub(super) fn of_lines(found: &Findings) -> Vec<Check> {
    let lanes = &found.overview.observed.lanes;
    let limits = &found.overview.limits;
    let has_lanes = !lanes.waiting.is_empty() || !lanes.blocked.is_empty();
    let lanes = has_lanes.then(|| {
        check(found, Aspect::Lanes).unwrap_or_else(|| {
            let number =
                counted(Counted { jobs: lanes.waiting.len() as u64, or_more: lanes.or_more });
            Check::ok("lanes", format!("{number} with waiting jobs, none stands still"))
        })
    });
    let in_order = || {
        let number = time::count(limits.len() as u64, "limit");
        Check::ok("limits", format!("{number}, none keeps jobs waiting for long"))
    };
    let limited =
        (!limits.is_empty()).then(|| check(found, Aspect::Limits).unwrap_or_else(in_order));
    let has_breakers = limits.iter().any(|record| record.limit.breaker.is_some());
    let breakers = has_breakers.then(|| {
        check(found, Aspect::Breakers).unwrap_or_else(|| Check::ok("breakers", "none is open"))
    });
    let sources = &found.overview.sources;
    let read = || {
        let number = time::count(sources.len() as u64, "source");
        Check::ok("sources", format!("{number}, none has stopped or is failing"))
    };
    let sources = (!sources.is_empty()).then(|| check(found, Aspect::Sources).unwrap_or_else(read));
    let waiting = check(found, Aspect::Waiting);
    [lanes, limited, breakers, waiting, sources].into_iter().flatten().collect()
}

/// The check of an aspect that has problems.
fn check(found: &Findings, aspect: Aspect) -> Option<Check> {
    let problems: Vec<&Problem> =
        found.problems.iter().filter(|problem| problem.aspect() == aspect).collect();
    problems.first()?;
    let lines: Vec<String> = problems.iter().map(|problem| line(found, problem)).collect();
    let (name, status, what) = heading(found, aspect);
    let status = if problems.iter().any(|one| is_blocked(one)) { Status::Problem } else { status };
    let about = problems.iter().map(|problem| (*problem).clone()).collect();
    let check = Check::new(name, status, format!("{what}\n{}", listed(&lines)));
    Some(Check { about, ..check.fix(fixes(&problems)) })
}

/// Whether work that was asked for is not done before a person does something. What waits for a failure that did not come is
/// no such work.
fn is_blocked(problem: &Problem) -> bool {
    match problem {
        Problem::LaneBlocked { .. } | Problem::SourceStopped { .. } => true,
        Problem::Stuck { ended, .. } => *ended != Some(State::Completed),
        _ => false,
    }
}

fn heading(found: &Findings, aspect: Aspect) -> (&'static str, Status, String) {
    let thresholds = &found.thresholds;
    let within = || time::span(thresholds.died_within);
    match aspect {
        Aspect::Latency => {
            let longest = time::span(thresholds.latency);
            ("latency", Status::Problem, format!("jobs have been due for {longest} or longer"))
        }
        Aspect::Failing => {
            let times = thresholds.failures;
            ("failing", Status::Problem, format!("jobs failed {times} times in a row or more"))
        }
        Aspect::Running => ("running", Status::Problem, "jobs run for too long".to_owned()),
        Aspect::Dying => ("dying", Status::Warning, format!("jobs died in the last {}", within())),
        Aspect::Lanes => ("lanes", Status::Warning, "lanes stand still or are long".to_owned()),
        Aspect::Waiting => (
            "waiting",
            Status::Warning,
            "jobs wait for what cannot come, without a deadline".to_owned(),
        ),
        Aspect::Sources => ("sources", Status::Problem, "feeds are not read".to_owned()),
        Aspect::Breakers => ("breakers", Status::Warning, "breakers are open".to_owned()),
        _ => ("limits", Status::Warning, "limits to look at".to_owned()),
    }
}

fn line(found: &Findings, problem: &Problem) -> String {
    let now = found.overview.observed.at;
    let ago = |moment: Timestamp| lasted(now.since(moment));
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
            let left = lasted(until.since(now));
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
            let takes = lasted(*takes);
            format!("{on}: at its rate the {} that wait take {takes}", jobs_of(*waiting))
        }
        other => format!("{other:?}"),
    }
}

/// What to do about the first of each sort.
fn fixes(problems: &[&Problem]) -> String {
    let mut sorts = Vec::new();
    let mut fixes = Vec::new();
    for problem in problems {
        let sort = std::mem::discriminant(*problem);
        if !sorts.contains(&sort) {
            sorts.push(sort);
            fixes.push(fix(problem));
        }
    }
    fixes.join("\n")
}

fn fix(problem: &Problem) -> String {
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
        _ => "windlass status".to_owned(),
    }
}

fn muted(found: &Findings) -> Option<Check> {
    let muted = &found.thresholds.mute;
    let detail = format!("{}: left out of all that is said of jobs", muted.join(", "));
    (!muted.is_empty()).then(|| Check::ok("muted", detail))
}

/// What is not told as an alert, besides the kinds that are left out here too.
fn not_told(found: &Findings) -> Option<Check> {
    let now = found.facts.now;
    let is_shown = |mute: &MuteRecord| {
        let kind = mute.name.as_str().strip_prefix("kind/");
        !mute.is_over(now) && !kind.is_some_and(|kind| found.thresholds.is_muted(kind))
    };
    let line = |mute: &MuteRecord| {
        let left = mute.until.map(|until| format!(", {} to go", time::span(until.since(now))));
        let note = mute.note.as_deref().map(|note| format!(": {}", in_one_line(note)));
        let since = lasted(now.since(mute.muted_at));
        let (left, note) = (left.unwrap_or_default(), note.unwrap_or_default());
        format!("{} for {since}{left}{note}", in_one_line(mute.name.as_str()))
    };
    let muted: Vec<String> = found.muted.iter().filter(|one| is_shown(one)).map(line).collect();
    let detail = format!("not told as an alert\n{}", listed(&muted));
    (!muted.is_empty()).then(|| Check::ok("alerts", detail))
}

fn counted(number: Counted) -> String {
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

/// How long, without parts of a second.
fn lasted(time: Duration) -> String {
    match time.as_secs() {
        0..60 => time::age(time),
        seconds => time::span(Duration::from_secs(seconds)),
    }
}
