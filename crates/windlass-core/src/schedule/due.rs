//! What happens to a schedule at a moment: which runs it gets, which are left out, and when it is due next. No I/O.

use std::collections::VecDeque;

use super::definition::Cause;
use super::{Firing, Missed, NextRun, Overlap, ScheduleRecord, Timetable};
use crate::job::NewJob;
use crate::limits::{FIRE_BYTES, MISSED_AFTER, MISSED_COUNTED, MISSED_RUNS};
use crate::time::{Timestamp, micros};

/// What is to be written of a schedule now; nothing where it can stay as it is.
pub(super) fn fire(record: &ScheduleRecord, now: Timestamp) -> Option<Firing> {
    let timetable = match record.definition.timetable() {
        Ok(timetable) => timetable,
        Err(error) => return Some(broken(record, error.to_string())),
    };
    let first = match record.next {
        NextRun::At(due) => Some(due),
        NextRun::ToCompute => timetable.next(record.from_at, record.from_at),
        NextRun::Never => return None,
    };
    let Some(first) = first else {
        return Some(broken(record, "no date fits it any more".to_owned()));
    };
    // So many that their args fit into one call.
    let bytes = record.definition.args.as_str().len().max(1);
    let most = MISSED_RUNS.min(FIRE_BYTES / bytes).max(1);
    let passed = Passed::until(now, first, (&timetable, most));
    let mut runs = Runs::of(record);
    runs.free_queued();
    runs.take(&passed, now);
    let next = passed.next.map_or(NextRun::Never, NextRun::At);
    let firing = Firing {
        next,
        queued_due_at: runs.queued,
        last_due_at: passed.newest.back().copied().or(record.last_due_at),
        skipped: runs.skipped,
        missed: runs.missed,
        error: passed.next.is_none().then(|| "no date fits it any more".to_owned()),
        jobs: runs.jobs,
        ..Firing::unchanged(record)
    };
    (firing.next != record.next || !firing.jobs.is_empty()).then_some(firing)
}

fn broken(record: &ScheduleRecord, error: String) -> Firing {
    let skipped = u64::from(record.queued_due_at.is_some());
    let (next, queued_due_at, error) = (NextRun::Never, None, Some(error));
    Firing { next, queued_due_at, skipped, error, ..Firing::unchanged(record) }
}

/// The due times up to a moment.
#[derive(Debug)]
struct Passed {
    /// The newest of them, oldest first.
    newest: VecDeque<Timestamp>,
    /// How many older ones there are.
    older: u64,
    /// The first one that is still to come.
    next: Option<Timestamp>,
}

impl Passed {
    fn until(now: Timestamp, first: Timestamp, (timetable, most): (&Timetable, usize)) -> Self {
        let mut passed = Self { newest: VecDeque::new(), older: 0, next: Some(first) };
        while let Some(due) = passed.next.filter(|due| *due <= now) {
            passed.newest.push_back(due);
            if passed.newest.len() > most {
                passed.newest.pop_front();
                passed.older += 1;
            }
            passed.next = if passed.older < MISSED_COUNTED {
                timetable.next(due, due)
            } else {
                // What is left of years of seconds is not worth counting one by one.
                timetable.next(due, now)
            };
        }
        passed
    }
}

/// Runs that are being given out, under the schedule's policies.
#[derive(Debug)]
struct Runs<'a> {
    record: &'a ScheduleRecord,
    jobs: Vec<NewJob>,
    queued: Option<Timestamp>,
    skipped: u64,
    missed: u64,
}

impl<'a> Runs<'a> {
    const fn of(record: &'a ScheduleRecord) -> Self {
        Self { record, jobs: Vec::new(), queued: record.queued_due_at, skipped: 0, missed: 0 }
    }

    /// Gives the run that waits its turn, where the last job has ended.
    fn free_queued(&mut self) {
        if !self.record.is_unfinished
            && let Some(due) = self.queued.take()
        {
            self.enqueue(due, Cause::Queued);
        }
    }

    fn take(&mut self, passed: &Passed, now: Timestamp) {
        let limit = Timestamp::from_micros(now.as_micros().saturating_sub(micros(MISSED_AFTER)));
        let late = passed.newest.iter().filter(|due| **due < limit).count();
        let all = passed.newest.len();
        let (policy, _) = self.record.policies();
        let missed = passed.older + late as u64;
        match policy {
            Missed::One if missed > 0 => {
                self.missed += missed + (all - late) as u64 - 1;
                if let Some(due) = passed.newest.back() {
                    self.run(*due, Cause::Missed);
                }
                return;
            }
            Missed::All => {
                self.missed += passed.older;
                self.make_up(passed.newest.iter().take(late));
            }
            Missed::None | Missed::One => self.missed += missed,
        }
        passed.newest.iter().skip(late).for_each(|due| self.run(*due, Cause::Due));
    }

    /// Missed runs, each of which is to happen: they are not in each other's way.
    fn make_up<'d>(&mut self, due: impl Iterator<Item = &'d Timestamp>) {
        let is_free = self.is_free();
        for due in due {
            if is_free {
                self.enqueue(*due, Cause::Missed);
            } else {
                self.leave_out(*due);
            }
        }
    }

    fn run(&mut self, due: Timestamp, cause: Cause) {
        if self.is_free() { self.enqueue(due, cause) } else { self.leave_out(due) }
    }

    /// Whether a run would not be beside another.
    fn is_free(&self) -> bool {
        let (_, overlap) = self.record.policies();
        overlap == Overlap::Allow || (!self.record.is_unfinished && self.jobs.is_empty())
    }

    fn leave_out(&mut self, due: Timestamp) {
        let (_, overlap) = self.record.policies();
        if overlap == Overlap::Queue && self.queued.is_none() {
            self.queued = Some(due);
        } else {
            self.skipped += 1;
        }
    }

    fn enqueue(&mut self, due: Timestamp, cause: Cause) {
        let Self { record, .. } = self;
        self.jobs.push(record.definition.job(&record.name, due, cause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tests::record;

    const HOUR: i64 = 3_600_000_000;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + hours * HOUR)
    }

    /// Hours whose runs are enqueued, and the numbers of skipped and missed ones, five hours and a half after the
    /// first of six due times.
    fn after_silence(missed: Missed, overlap: Overlap) -> (Vec<i64>, u64, u64) {
        let mut record = record("0 * * * *", hours(0));
        (record.definition.missed, record.definition.overlap) = (missed, overlap);
        let firing = fire(&record, Timestamp::from_micros(hours(5).as_micros() + HOUR / 2));
        summary(&firing.expect("it is due"))
    }

    fn summary(firing: &Firing) -> (Vec<i64>, u64, u64) {
        let hour = |job: &NewJob| {
            let due = job.meta.schedule.as_ref().expect("its occurrence").due_at();
            (due.as_micros() - hours(0).as_micros()) / HOUR
        };
        (firing.jobs.iter().map(hour).collect(), firing.skipped, firing.missed)
    }

    /// O32: after five hours of silence none, one or all of the missed runs happen.
    #[test]
    fn missed_runs_happen_as_the_policy_says() {
        assert_eq!(after_silence(Missed::None, Overlap::Skip), (vec![], 0, 6));
        assert_eq!(after_silence(Missed::One, Overlap::Skip), (vec![5], 0, 5));
        let all = vec![0, 1, 2, 3, 4, 5];
        assert_eq!(after_silence(Missed::All, Overlap::Skip), (all.clone(), 0, 0));
        assert_eq!(after_silence(Missed::All, Overlap::Allow), (all, 0, 0));
    }

    /// O31: while the last job has not ended a run is skipped, queued or enqueued beside it.
    #[test]
    fn a_run_beside_another_follows_the_policy() {
        let mut record = record("0 * * * *", hours(0));
        record.is_unfinished = true;
        let at = |record: &ScheduleRecord, hour| fire(record, hours(hour)).expect("it is due");
        assert_eq!(summary(&at(&record, 0)), (vec![], 1, 0));
        record.definition.overlap = Overlap::Allow;
        assert_eq!(summary(&at(&record, 0)), (vec![0], 0, 0));
        record.definition.overlap = Overlap::Queue;
        let queued = at(&record, 0);
        assert_eq!((summary(&queued), queued.queued_due_at), ((vec![], 0, 0), Some(hours(0))));
        record.queued_due_at = Some(hours(0));
        record.next = NextRun::At(hours(1));
        assert_eq!(fire(&record, hours(0)), None, "it waits still");
        assert_eq!(summary(&at(&record, 1)), (vec![], 1, 0), "one waits already");
        record.is_unfinished = false;
        let freed = at(&record, 1);
        assert_eq!((summary(&freed), freed.queued_due_at), ((vec![0], 0, 0), Some(hours(1))));
    }

    /// A schedule by the second whose leader was away for some seconds is not beside itself.
    #[test]
    fn due_times_of_one_round_do_not_overlap() {
        let record = record("* * * * * *", hours(0));
        let now = Timestamp::from_micros(hours(0).as_micros() + 9_000_000);
        assert_eq!(summary(&fire(&record, now).expect("it is due")).1, 9);
    }

    /// O32: what is made up is bounded, and so is the counting.
    #[test]
    fn years_of_missed_seconds_are_bounded() {
        let mut record = record("* * * * * *", hours(0));
        (record.definition.missed, record.definition.overlap) = (Missed::All, Overlap::Allow);
        let now = hours(24 * 400);
        let firing = fire(&record, now).expect("it is due");
        assert!(firing.jobs.len() <= MISSED_RUNS + 61, "{}", firing.jobs.len());
        assert!(firing.missed >= MISSED_COUNTED);
        assert_eq!(firing.next, NextRun::At(now.after(std::time::Duration::from_secs(1))));
    }

    /// O32: runs that are made up for have no more args together than one call may have.
    #[test]
    fn what_is_made_up_is_bounded_in_bytes() {
        let mut record = record("* * * * * *", hours(0));
        (record.definition.missed, record.definition.overlap) = (Missed::All, Overlap::Allow);
        record.definition.args = crate::json::Json::stored("x".repeat(FIRE_BYTES / 8));
        let firing = fire(&record, hours(1)).expect("it is due");
        assert_eq!((firing.jobs.len(), firing.missed), (8, 3_601 - 8));
    }

    /// T49: text that SQL wrote and that cannot be read is an error of its schedule.
    #[test]
    fn what_cannot_be_read_is_an_error_of_the_schedule() {
        let firing = fire(&record("every noon", hours(0)), hours(0)).expect("it is noted");
        assert_eq!((firing.next, firing.jobs.len()), (NextRun::Never, 0));
        assert!(firing.error.is_some_and(|error| error.contains("noon")));
    }

    /// What SQL added, and what a pause left, is computed from when that was.
    #[test]
    fn what_is_to_be_computed_counts_from_its_beginning() {
        let mut record = record("0 * * * *", hours(0));
        record.next = NextRun::ToCompute;
        let firing = fire(&record, hours(0)).expect("it is computed");
        assert_eq!((firing.next, firing.jobs.len()), (NextRun::At(hours(1)), 0));
        let firing = fire(&record, hours(1)).expect("it is due");
        assert_eq!((firing.next, firing.jobs.len()), (NextRun::At(hours(2)), 1));
    }
}
