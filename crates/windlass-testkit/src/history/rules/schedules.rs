//! S: schedules.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass_core::schedule::{Cause, ScheduleRecord};
use windlass_core::time::Timestamp;

use crate::history::index::Index;

/// A schedule that is on is looked after within this, whatever happened to its leader.
const PATIENCE: Duration = Duration::from_secs(60);

/// I-S1: no due time of a schedule has two jobs, and no job is for a moment at which its schedule was not due.
pub(in crate::history) fn no_due_time_is_fired_twice(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, fired) in fired(index) {
        let twice = fired.iter().filter(|(_, jobs)| **jobs > 1);
        broken.extend(twice.map(|(due, jobs)| format!("{name} fired {jobs} times for {due}")));
        let record = index.schedules.iter().find(|record| record.name == name);
        if let Some(due) = record.filter(|record| is_judged(record)).map(due_times) {
            let strange = fired.keys().filter(|moment| !due.contains(moment));
            broken.extend(
                strange.map(|moment| format!("{name} fired for {moment}, when it was not due")),
            );
        }
    }
    broken
}

/// I-S2: each due time up to the last one that had its turn has a job, or is counted as left out or missed; and the
/// last one is not long ago.
pub(in crate::history) fn no_due_time_is_passed_over(index: &Index<'_>) -> Vec<String> {
    let fired = fired(index);
    let mut broken = Vec::new();
    for record in index.schedules.iter().filter(|record| is_judged(record)) {
        let jobs = fired.get(record.name.as_str()).map_or(0, BTreeMap::len) as u64;
        let queued = u64::from(record.queued_due_at.is_some());
        let (due, known) =
            (due_times(record).len() as u64, jobs + record.skipped + record.missed + queued);
        if due != known {
            broken.push(format!("{} was due {due} times, {known} are accounted for", record.name));
        }
        let late = record.paused_at.or(index.read_at).zip(next(record));
        if let Some((until, next)) = late.filter(|(until, next)| until.since(*next) > PATIENCE) {
            let late = until.since(next);
            broken.push(format!(
                "{} was due at {next}, and {late:?} later had not fired",
                record.name
            ));
        }
    }
    broken
}

/// How many jobs each schedule has for each due time.
fn fired<'h>(index: &Index<'h>) -> BTreeMap<&'h str, BTreeMap<Timestamp, usize>> {
    let mut fired: BTreeMap<&str, BTreeMap<Timestamp, usize>> = BTreeMap::new();
    let ended = index.lives.values().filter_map(|life| life.ended);
    let occurrences = ended.filter_map(|job| job.meta.schedule.as_ref());
    for one in occurrences.filter(|one| one.cause != Cause::Hand) {
        *fired.entry(&one.name).or_default().entry(one.due_at()).or_default() += 1;
    }
    fired
}

/// One that was changed or resumed counted before by another beginning.
fn is_judged(record: &ScheduleRecord) -> bool {
    record.from_at == record.changed_at && record.error.is_none()
}

/// The due times that had their turn.
fn due_times(record: &ScheduleRecord) -> Vec<Timestamp> {
    let Some(last) = record.last_due_at else { return Vec::new() };
    let Ok(timetable) = record.definition.timetable() else { return Vec::new() };
    let next = |due: &Timestamp| timetable.next(record.from_at, *due);
    let all = std::iter::successors(timetable.next(record.from_at, record.from_at), next);
    all.take_while(|due| *due <= last).collect()
}

/// The first due time that had no turn.
fn next(record: &ScheduleRecord) -> Option<Timestamp> {
    let timetable = record.definition.timetable().ok()?;
    timetable.next(record.from_at, record.last_due_at.unwrap_or(record.from_at))
}
