//! The checks of schedules; without schedules there are none.

use std::time::Duration;

use windlass::schedule::ScheduleRecord;

use super::line::{Is, Line, line};
use super::{Check, Findings};
use crate::words::time;

/// How long two programs that declare a schedule differently are told of.
const CONTESTED: Duration = Duration::from_secs(24 * 60 * 60);
/// A schedule that is due for longer than this is not looked after.
const LATE: Duration = Duration::from_secs(60);

pub(super) fn all(found: &Findings) -> Vec<Check> {
    let live = || found.schedules.iter().filter(|one| one.removed_at.is_none());
    if live().next().is_none() {
        return Vec::new();
    }
    let mut checks: Vec<Check> = [errors(found), late(found), contested(found), paused(found)]
        .into_iter()
        .flatten()
        .collect();
    if checks.is_empty() {
        let number = time::count(live().count() as u64, "schedule");
        checks.push(Check::ok("schedules", format!("{number}, each with its next due time")));
    }
    checks
}

/// A line that begins with a schedule.
fn named(one: &ScheduleRecord) -> Line {
    line().name(Is::Schedule, &one.name)
}

fn errors(found: &Findings) -> Option<Check> {
    let told = |one: &ScheduleRecord| Some(named(one).words(format!(": {}", one.error.as_ref()?)));
    let wrong: Vec<Line> = found.schedules.iter().filter_map(told).collect();
    let first = found.schedules.iter().find(|one| one.error.is_some())?;
    let fix = line()
        .words("another rule or zone: ")
        .like(format!("windlass schedule add {} RULE KIND --zone ZONE", first.name));
    let check = Check::problem("schedules", "a rule that cannot be used never fires");
    Some(check.listing(wrong).advise(fix))
}

fn late(found: &Findings) -> Option<Check> {
    let late = |one: &ScheduleRecord| {
        let since = found.facts.now.since(one.next_at()?);
        (since > LATE).then(|| named(one).words(format!(" since {}", time::age(since))))
    };
    let late: Vec<Line> = found.schedules.iter().filter_map(late).collect();
    (!late.is_empty()).then(|| {
        Check::problem("schedules", "due, and nobody enqueues their jobs")
            .listing(late)
            .fix("start a worker: any one looks after all schedules")
    })
}

fn contested(found: &Findings) -> Option<Check> {
    let told = |one: &ScheduleRecord| {
        let age = found.facts.now.since(one.contested_at?);
        let (this, other) = (one.declared.as_ref()?, one.replaced.as_ref()?);
        let told = format!(": {} and {}, {} ago", this.by, other.by, time::age(age));
        (age < CONTESTED).then(|| named(one).words(told))
    };
    let told: Vec<Line> = found.schedules.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| {
        let what = "two programs declare a schedule differently; the last to start has its way";
        Check::warning("schedules", what).listing(told).advise(
            line().words("give one of them another name; ").like("windlass schedule show NAME"),
        )
    })
}

fn paused(found: &Findings) -> Option<Check> {
    let told = |one: &ScheduleRecord| {
        let age = time::age(found.facts.now.since(one.paused_at?));
        let note = one.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
        Some(named(one).words(format!(" for {age}{note}")))
    };
    let paused: Vec<Line> = found.schedules.iter().filter_map(told).collect();
    let first = found.schedules.iter().find(|one| one.paused_at.is_some())?;
    let check = Check::warning("schedules", "paused").listing(paused);
    Some(check.fixed_by(&format!("windlass schedule resume {}", first.name)))
}
