//! Jobs that failed, by what they say: which errors there are, how often, and since when.

use std::collections::HashMap;

use super::{Fingerprint, JobRecord, State};
use crate::filter::Found;
use crate::id::JobId;
use crate::limits::ERROR_GROUP_SAMPLES;
use crate::time::Timestamp;

/// Hours that are told apart.
pub const HOURS: usize = 24;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Jobs that failed alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// What finds them: `fingerprint:` in a filter.
    pub fingerprint: Fingerprint,
    /// Their kind.
    pub kind: String,
    /// The error of the one that failed last.
    pub error: String,
    /// How many they are.
    pub jobs: u64,
    /// Of these, those that are dead; the others are tried again.
    pub dead: u64,
    /// When the first of them failed for the last time.
    pub first_at: Timestamp,
    /// When the last of them failed.
    pub last_at: Timestamp,
    /// How many failed in each of the last 24 hours, the oldest first.
    pub by_hour: [u64; HOURS],
    /// Some of them, those first that failed last.
    pub samples: Vec<JobId>,
}

/// Errors of the newest jobs that failed, the largest group first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroups {
    /// The groups.
    pub groups: Vec<ErrorGroup>,
    /// Jobs that were looked at.
    pub jobs: u64,
    /// Whether these are all that match; otherwise the newest of them.
    pub complete: bool,
    /// The moment that hours are counted back from.
    pub now: Timestamp,
}

impl ErrorGroups {
    /// The groups of these jobs. One without an error is in none.
    #[must_use]
    pub fn of(found: &Found<JobRecord, JobId>, now: Timestamp) -> Self {
        let mut by_failure: Vec<_> = found.items.iter().filter_map(Failed::of).collect();
        by_failure.sort_by_key(|failed| std::cmp::Reverse(failed.at));
        let mut groups: Vec<ErrorGroup> = Vec::new();
        let mut known: HashMap<Fingerprint, usize> = HashMap::new();
        for failed in by_failure {
            let nth = *known.entry(failed.fingerprint).or_insert_with(|| {
                groups.push(failed.group());
                groups.len() - 1
            });
            groups[nth].add(&failed, now);
        }
        groups.sort_by_key(|group| std::cmp::Reverse((group.jobs, group.last_at)));
        let jobs = groups.iter().map(|group| group.jobs).sum();
        Self { groups, jobs, complete: found.next.is_none(), now }
    }
}

/// A job that failed.
struct Failed<'a> {
    job: &'a JobRecord,
    error: &'a str,
    fingerprint: Fingerprint,
    at: Timestamp,
}

impl<'a> Failed<'a> {
    fn of(job: &'a JobRecord) -> Option<Self> {
        let error = job.last_error()?;
        let ended = job.history.last().and_then(|attempt| attempt.ended_at);
        let at = job.finished_at.or(ended).unwrap_or(job.created_at);
        Some(Self { job, error, fingerprint: Fingerprint::of(&job.kind, error), at })
    }

    /// A group without any job.
    fn group(&self) -> ErrorGroup {
        ErrorGroup {
            fingerprint: self.fingerprint,
            kind: self.job.kind.clone(),
            error: self.error.to_owned(),
            jobs: 0,
            dead: 0,
            first_at: self.at,
            last_at: self.at,
            by_hour: [0; HOURS],
            samples: Vec::new(),
        }
    }
}

impl ErrorGroup {
    fn add(&mut self, failed: &Failed<'_>, now: Timestamp) {
        self.jobs += 1;
        self.dead += u64::from(failed.job.state == State::Dead);
        self.first_at = self.first_at.min(failed.at);
        let hours = (now.as_micros() - failed.at.as_micros()).max(0) / HOUR_MICROS;
        let place = usize::try_from(hours).ok().and_then(|hours| (HOURS - 1).checked_sub(hours));
        if let Some(of_hour) = place.and_then(|place| self.by_hour.get_mut(place)) {
            *of_hour += 1;
        }
        if self.samples.len() < ERROR_GROUP_SAMPLES {
            self.samples.push(failed.job.id);
        }
    }
}
