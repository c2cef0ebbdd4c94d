//! How fast queues go and how long their jobs wait, from one look to the next.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use windlass::job::Counts;
use windlass::{JobId, JobRecord, Timestamp};

/// Points of what is drawn over time.
pub(super) const POINTS: usize = 60;
/// A rate is that of so much time, as far as there were looks.
const OVER: Duration = Duration::from_secs(5);
/// How long a job tells how long jobs wait.
const LATELY: Duration = Duration::from_secs(600);
/// Jobs of a queue that are kept for that.
const SAMPLE: usize = 500;
/// From so many jobs on it is told: of fewer a percentile says nothing.
const FEW: usize = 10;

/// What was seen of queues over some looks.
#[derive(Debug, Default)]
pub(super) struct Pace {
    queues: BTreeMap<String, Queue>,
    all: Ended,
}

/// What was seen of one.
#[derive(Debug, Default)]
struct Queue {
    ended: Ended,
    /// How long jobs waited, by the attempt, with when that began: ids are in the order of time.
    waits: BTreeMap<(JobId, u32), (Timestamp, Duration)>,
}

/// How many had ended at each look, the newest last.
#[derive(Debug, Default)]
struct Ended(VecDeque<(Timestamp, u64)>);

impl Pace {
    /// Takes in what a look has seen.
    pub(super) fn add<'a>(
        &mut self,
        at: Timestamp,
        counts: &Counts,
        started: impl IntoIterator<Item = &'a JobRecord>,
    ) {
        let names = counts.by_queue.keys().chain(counts.pruned_by_queue.keys());
        let ended = |name: &String| Some((name.clone(), counts.ended(name)?));
        let ended: BTreeMap<String, u64> = names.filter_map(ended).collect();
        for (name, ended) in &ended {
            self.queues.entry(name.clone()).or_default().ended.add(at, *ended);
        }
        // An estimate knows nothing of what has ended.
        if counts.exact || ended.values().any(|ended| *ended > 0) {
            self.all.add(at, ended.values().sum());
        }
        for job in started {
            let began = job.started_at.filter(|began| *began >= job.run_at);
            if let (Some(began), Some(queue)) = (began, self.queues.get_mut(&job.queue)) {
                queue.waits.insert((job.id, job.attempt), (began, began.since(job.run_at)));
            }
        }
        self.forget(at);
    }

    fn forget(&mut self, at: Timestamp) {
        for queue in self.queues.values_mut() {
            queue.waits.retain(|_, (began, _)| at.since(*began) <= LATELY);
            while queue.waits.len() > SAMPLE {
                queue.waits.pop_first();
            }
        }
        let is_known = |queue: &Queue| queue.ended.0.back().is_some_and(|(last, _)| *last == at);
        self.queues.retain(|_, queue| is_known(queue) || !queue.waits.is_empty());
    }

    /// Jobs of a queue that end in a second.
    pub(super) fn rate(&self, queue: &str) -> Option<f64> {
        self.queues.get(queue)?.ended.rate()
    }

    /// Jobs that end in a second.
    pub(super) fn rate_of_all(&self) -> Option<f64> {
        self.all.rate()
    }

    /// Jobs of a queue that ended in a second between each two looks, the newest last.
    pub(super) fn points(&self, queue: &str) -> Vec<f64> {
        self.queues.get(queue).map(|queue| queue.ended.points()).unwrap_or_default()
    }

    /// How long 99 of 100 jobs of a queue waited at most, once they were due.
    pub(super) fn p99_wait(&self, queue: &str) -> Option<Duration> {
        let waits = &self.queues.get(queue)?.waits;
        let mut waits: Vec<Duration> = waits.values().map(|(_, wait)| *wait).collect();
        if waits.len() < FEW {
            return None;
        }
        waits.sort_unstable();
        let rank = (waits.len() * 99).div_ceil(100);
        waits.get(rank - 1).copied()
    }
}

impl Ended {
    fn add(&mut self, at: Timestamp, ended: u64) {
        // The database's clock may be set back.
        if self.0.back().is_some_and(|(last, _)| *last >= at) {
            self.0.clear();
        }
        self.0.push_back((at, ended));
        while self.0.len() > POINTS + 1 {
            self.0.pop_front();
        }
    }

    fn rate(&self) -> Option<f64> {
        let last = self.0.back()?;
        let looks = self.0.iter().rev().skip(1);
        let mut first = None;
        for look in looks {
            first = Some(look);
            if last.0.since(look.0) >= OVER {
                break;
            }
        }
        Some(between(first?, last))
    }

    fn points(&self) -> Vec<f64> {
        let looks: Vec<&(Timestamp, u64)> = self.0.iter().collect();
        looks.windows(2).map(|pair| between(pair[0], pair[1])).collect()
    }
}

/// In a second; nothing where ended jobs were retried.
fn between(first: &(Timestamp, u64), last: &(Timestamp, u64)) -> f64 {
    let time = last.0.since(first.0).as_secs_f64();
    let ended = last.1.saturating_sub(first.1);
    if time > 0.0 { ended as f64 / time } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use windlass::State;

    use super::*;
    use crate::command::top::sample::waited;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000 + seconds * 1_000_000)
    }

    fn counts(completed: u64, pruned: u64) -> Counts {
        let states = [(State::Completed, completed)].into_iter().collect();
        Counts {
            by_queue: [("mail".to_owned(), states)].into_iter().collect(),
            pruned,
            pruned_by_queue: [("mail".to_owned(), pruned)].into_iter().collect(),
            exact: true,
            ..Counts::default()
        }
    }

    fn pace(looks: &[(i64, u64, u64)]) -> Pace {
        let mut pace = Pace::default();
        for (seconds, completed, pruned) in looks {
            pace.add(at(*seconds), &counts(*completed, *pruned), []);
        }
        pace
    }

    #[test]
    fn one_look_knows_no_rate() {
        let pace = pace(&[(0, 10, 0)]);
        assert_eq!((pace.rate("mail"), pace.rate_of_all()), (None, None));
        assert!(pace.points("mail").is_empty());
    }

    #[test]
    fn a_rate_is_that_of_the_last_five_seconds() {
        let pace = pace(&[(0, 0, 0), (1, 1_000, 0), (3, 1_006, 0), (6, 1_010, 0)]);
        assert_eq!(pace.rate("mail"), Some(2.0));
        assert_eq!(pace.rate_of_all(), Some(2.0));
        assert_eq!(pace.points("mail"), [1_000.0, 3.0, 4.0 / 3.0]);
    }

    #[test]
    fn what_is_removed_after_its_time_of_keeping_has_still_ended() {
        let pace = pace(&[(0, 100, 0), (1, 50, 60), (2, 0, 120)]);
        assert_eq!(pace.rate("mail"), Some(10.0));
    }

    #[test]
    fn a_retry_of_ended_jobs_is_not_a_rate_below_nothing() {
        let pace = pace(&[(0, 100, 0), (1, 40, 0)]);
        assert_eq!((pace.rate("mail"), pace.points("mail")), (Some(0.0), vec![0.0]));
    }

    #[test]
    fn a_clock_that_is_set_back_begins_again() {
        assert_eq!(pace(&[(10, 100, 0), (4, 200, 0)]).rate("mail"), None);
    }

    #[test]
    fn a_queue_that_is_gone_is_forgotten() {
        let mut pace = pace(&[(0, 1, 0)]);
        pace.add(at(1), &Counts { exact: true, ..Counts::default() }, []);
        assert!(pace.queues.is_empty());
    }

    #[test]
    fn a_percentile_of_waits_is_told_from_ten_jobs_on() {
        let mut pace = pace(&[(0, 0, 0)]);
        let jobs: Vec<JobRecord> = (1..=9).map(|millis| waited("mail", millis)).collect();
        pace.add(at(1), &counts(9, 0), &jobs);
        // A job that is seen twice has waited once.
        pace.add(at(2), &counts(9, 0), &jobs);
        assert_eq!(pace.p99_wait("mail"), None);
        pace.add(at(3), &counts(10, 0), [&waited("mail", 7_000)]);
        assert_eq!(pace.p99_wait("mail"), Some(Duration::from_secs(7)));
        pace.add(at(700), &counts(10, 0), []);
        assert_eq!(pace.p99_wait("mail"), None);
    }
}
