//! The checks of schedules; without schedules there are none.

use std::time::Duration;

use windlass::schedule::ScheduleRecord;

use super::checks::listed;
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

fn errors(found: &Findings) -> Option<Check> {
    let told = |one: &ScheduleRecord| Some(format!("{}: {}", one.name, one.error.as_ref()?));
    let wrong: Vec<String> = found.schedules.iter().filter_map(told).collect();
    let first = found.schedules.iter().find(|one| one.error.is_some())?;
    let fix = format!("windlass schedule add {} with another rule or zone", first.name);
    let detail = format!("a rule that cannot be used never fires\n{}", listed(&wrong));
    Some(Check::problem("schedules", detail).fix(fix))
}

fn late(found: &Findings) -> Option<Check> {
    let late = |one: &ScheduleRecord| {
        let since = found.facts.now.since(one.next_at()?);
        (since > LATE).then(|| format!("{} since {}", one.name, time::age(since)))
    };
    let late: Vec<String> = found.schedules.iter().filter_map(late).collect();
    (!late.is_empty()).then(|| {
        let detail = format!("due, and nobody enqueues their jobs\n{}", listed(&late));
        Check::problem("schedules", detail).fix("start a worker: any one looks after all schedules")
    })
}

fn contested(found: &Findings) -> Option<Check> {
    let told = |one: &ScheduleRecord| {
        let age = found.facts.now.since(one.contested_at?);
        let (this, other) = (one.declared.as_ref()?, one.replaced.as_ref()?);
        (age < CONTESTED)
            .then(|| format!("{}: {} and {}, {} ago", one.name, this.by, other.by, time::age(age)))
    };
    let told: Vec<String> = found.schedules.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| {
        let detail = format!(
            "two programs declare a schedule differently; the last to start has its way\n{}",
            listed(&told)
        );
        Check::warning("schedules", detail)
            .fix("give one of them another name; windlass schedule show NAME")
    })
}

fn paused(found: &Findings) -> Option<Check> {
    let told = |one: &ScheduleRecord| {
        let age = time::age(found.facts.now.since(one.paused_at?));
        let note = one.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
        Some(format!("{} for {age}{note}", one.name))
    };
    let paused: Vec<String> = found.schedules.iter().filter_map(told).collect();
    let first = found.schedules.iter().find(|one| one.paused_at.is_some())?;
    let fix = format!("windlass schedule resume {}", first.name);
    Some(Check::warning("schedules", format!("paused\n{}", listed(&paused))).fix(fix))
}
