//! The checks of jobs and lines, one for each aspect: see `windlass::health`.

use windlass::alert::MuteRecord;
use windlass::health::{Aspect, Counted, Problem};

use super::line::Line;
use super::told::{counted, found_in, is_blocked, to_do, weight_of};
use super::{Check, Findings, Status};
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
        Check::ok("sources", format!("{number}, none has stopped, fails or is overdue"))
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
    let lines: Vec<Line> =
        problems.iter().map(|problem| found_in(problem, found.overview.observed.at)).collect();
    let (name, what) = heading(found, aspect);
    let blocked = problems.iter().any(|one| is_blocked(one));
    let status = if blocked { Status::Problem } else { weight_of(aspect) };
    let about = problems.iter().map(|problem| (*problem).clone()).collect();
    let check = Check::new(name, status, what).listing(lines);
    Some(Check { about, ..fixes(&problems).into_iter().fold(check, Check::advise) })
}

fn heading(found: &Findings, aspect: Aspect) -> (&'static str, String) {
    let thresholds = &found.thresholds;
    let within = || time::span(thresholds.died_within);
    match aspect {
        Aspect::Latency => {
            let longest = time::span(thresholds.latency);
            ("latency", format!("jobs have been due for {longest} or longer"))
        }
        Aspect::Failing => {
            let times = thresholds.failures;
            ("failing", format!("jobs failed {times} times in a row or more"))
        }
        Aspect::Running => ("running", "jobs run for too long".to_owned()),
        Aspect::Dying => ("dying", format!("jobs died in the last {}", within())),
        Aspect::Lanes => ("lanes", "lanes stand still or are long".to_owned()),
        Aspect::Waiting => {
            ("waiting", "jobs wait for what cannot come, without a deadline".to_owned())
        }
        Aspect::Sources => ("sources", "feeds are not read".to_owned()),
        Aspect::Breakers => ("breakers", "breakers are open".to_owned()),
        _ => ("limits", "limits to look at".to_owned()),
    }
}

/// What to do about the first of each sort.
fn fixes(problems: &[&Problem]) -> Vec<Line> {
    let mut sorts = Vec::new();
    let mut fixes = Vec::new();
    for problem in problems {
        let sort = std::mem::discriminant(*problem);
        if !sorts.contains(&sort) {
            sorts.push(sort);
            fixes.push(to_do(problem));
        }
    }
    fixes
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
        let since = time::lasted(now.since(mute.muted_at));
        let (left, note) = (left.unwrap_or_default(), note.unwrap_or_default());
        format!("{} for {since}{left}{note}", in_one_line(mute.name.as_str()))
    };
    let muted: Vec<Line> =
        found.muted.iter().filter(|one| is_shown(one)).map(|one| line(one).into()).collect();
    (!muted.is_empty()).then(|| Check::ok("alerts", "not told as an alert").listing(muted))
}
