//! Gather: what a process that runs attempts counts in memory, and writes as one part now and then. No I/O.

use std::collections::HashMap;
use std::time::Duration;

use super::pairs::{OTHERS, Pairs};
use super::part::{Cell, Grain, StatsPart};
use super::{Counts, Resolution};
use crate::engine::outcome_of;
use crate::job::{Claimed, Outcome, Settled, Verdict};
use crate::limits::STATS_CELLS;
use crate::time::Timestamp;

/// What was counted since the last part.
#[derive(Debug, Default)]
pub struct Gather {
    cells: Vec<Cell>,
    /// Where the cell of a time, a queue and a kind is.
    places: HashMap<(Grain, i64), HashMap<String, HashMap<String, usize>>>,
    /// Where the last one was counted, by [`Sort`]: the next one is mostly of the same.
    recent: [usize; 2],
    pairs: Pairs,
}

/// What is counted of a job: both are mostly of different times.
#[derive(Clone, Copy)]
enum Sort {
    Enqueued,
    Attempt,
}

/// How an attempt ended, and whether its job died of it, by what was written; `None` where nothing was, or it was counted before.
#[must_use]
pub fn of_verdict(verdict: &Verdict, written: Settled) -> Option<(Outcome, bool)> {
    let verdict = match (verdict, written) {
        (_, Settled::Lost | Settled::Busy) => return None,
        // Where a transaction of the handler's did not finish the job, its other half was written.
        (Verdict::Confirm { otherwise }, Settled::Done) => otherwise,
        _ => verdict,
    };
    Some((outcome_of(verdict).0, matches!(verdict, Verdict::Die { .. })))
}

impl Gather {
    /// An attempt was started. The first one of a job counts it as enqueued too, in the time when it was written.
    pub fn started(&mut self, job: &Claimed, at: Timestamp) {
        if job.attempt <= 1 {
            self.counts(job, job.created_at.min(at), Sort::Enqueued).enqueued += 1;
        }
        let wait = at.since(job.run_at);
        let counts = self.counts(job, at, Sort::Attempt);
        counts.started += 1;
        counts.wait.count(wait);
    }

    /// An attempt ended. `ran` is how long its handler ran, where it began.
    pub fn ended(
        &mut self,
        job: &Claimed,
        at: Timestamp,
        ((outcome, died), ran): ((Outcome, bool), Option<Duration>),
    ) {
        let counts = self.counts(job, at, Sort::Attempt);
        counts.end(outcome);
        counts.died += u64::from(died);
        if let Some(ran) = ran {
            counts.run.count(ran);
        }
    }

    /// What was counted, as a part; `None` where nothing was. It begins again.
    pub fn take(&mut self) -> Option<StatsPart> {
        if self.cells.is_empty() {
            return None;
        }
        let gathered = std::mem::take(self);
        Some(StatsPart::new(&gathered.cells))
    }

    fn counts(&mut self, job: &Claimed, at: Timestamp, sort: Sort) -> &mut Counts {
        let start = Resolution::TenSeconds.start_of(at);
        let recent = self.recent[sort as usize];
        let is_same = self.cells.get(recent).is_some_and(|cell| cell.is_of(start, job));
        let place = if is_same { recent } else { self.place((start.as_micros(), at), job) };
        self.recent[sort as usize] = place;
        &mut self.cells[place].counts
    }

    fn place(&mut self, (start, at): (i64, Timestamp), job: &Claimed) -> usize {
        self.known((Grain::Ten, start), &job.queue, &job.kind)
            .unwrap_or_else(|| self.new_place((start, at), &job.queue, &job.kind))
    }

    fn known(&self, time: (Grain, i64), queue: &str, kind: &str) -> Option<usize> {
        self.places.get(&time)?.get(queue)?.get(kind).copied()
    }

    /// Beyond the limits there is less detail: first of queues and kinds, then of time, then of both.
    fn new_place(&mut self, (start, at): (i64, Timestamp), queue: &str, kind: &str) -> usize {
        let (queue, kind) = self.pairs.place(queue, kind);
        let hour = (Grain::Hour, Resolution::Hour.start_of(at).as_micros());
        let most = [STATS_CELLS, 2 * STATS_CELLS, usize::MAX];
        let places =
            [((Grain::Ten, start), queue, kind), (hour, queue, kind), (hour, OTHERS, OTHERS)];
        for (most, (time, queue, kind)) in most.into_iter().zip(places) {
            if let Some(place) = self.known(time, queue, kind) {
                return place;
            }
            if self.cells.len() < most {
                return self.add(time, queue, kind);
            }
        }
        0
    }

    fn add(&mut self, time: (Grain, i64), queue: &str, kind: &str) -> usize {
        let (place, counts) = (self.cells.len(), Counts::default());
        let (grain, start) = time;
        let (queue, kind) = (queue.to_owned(), kind.to_owned());
        let kinds = self.places.entry(time).or_default().entry(queue.clone()).or_default();
        kinds.insert(kind.clone(), place);
        self.cells.push(Cell { grain, start: Timestamp::from_micros(start), queue, kind, counts });
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::claimed;

    const AT: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_micros(AT.as_micros() + seconds * 1_000_000)
    }

    fn job(kind: &str, created: i64) -> Claimed {
        Claimed { run_at: second(created), created_at: second(created), ..claimed(kind, 0) }
    }

    fn cells(gather: &mut Gather) -> Vec<Cell> {
        gather.take().map(|part| part.cells()).unwrap_or_default()
    }

    #[test]
    fn a_job_counts_as_enqueued_when_it_was_written_and_as_started_when_it_was() {
        let mut gather = Gather::default();
        gather.started(&job("k", 5), second(25));
        let cells = cells(&mut gather);
        let told: Vec<_> = cells
            .iter()
            .map(|cell| (cell.start, cell.counts.enqueued, cell.counts.started))
            .collect();
        assert_eq!(told, [(second(0), 1, 0), (second(20), 0, 1)]);
        assert_eq!(cells[1].counts.wait.quantile(0.5).map(|wait| wait.as_secs()), Some(19));
        assert!(gather.take().is_none(), "it begins again");
    }

    #[test]
    fn a_later_attempt_is_no_new_job() {
        let mut gather = Gather::default();
        gather.started(&Claimed { attempt: 2, ..job("k", 5) }, second(25));
        assert_eq!(cells(&mut gather).iter().map(|cell| cell.counts.enqueued).sum::<u64>(), 0);
    }

    #[test]
    fn each_is_counted_with_its_own_queue_kind_and_time() {
        let of_queue = |queue: &str, kind| Claimed { queue: queue.to_owned(), ..job(kind, 0) };
        let mut gather = Gather::default();
        for (job, at) in [
            (of_queue("a", "k"), 1),
            (of_queue("b", "k"), 1),
            (of_queue("b", "l"), 1),
            (of_queue("b", "l"), 11),
            (of_queue("b", "l"), 12),
            (of_queue("a", "k"), 2),
        ] {
            gather.started(&job, second(at));
        }
        let cells = cells(&mut gather);
        let told: Vec<_> = cells
            .iter()
            .map(|cell| (&*cell.queue, &*cell.kind, cell.start, cell.counts.started))
            .collect();
        let expected = [
            ("a", "k", second(0), 2),
            ("b", "k", second(0), 1),
            ("b", "l", second(0), 1),
            ("b", "l", second(10), 2),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn an_end_counts_by_its_outcome() {
        let mut gather = Gather::default();
        let (job, ran) = (job("k", 0), Some(Duration::from_millis(700)));
        gather.ended(&job, second(1), ((Outcome::Error, true), ran));
        gather.ended(&job, second(2), ((Outcome::Released, false), None));
        let cells = cells(&mut gather);
        let counts = &cells[0].counts;
        assert_eq!((counts.of(Outcome::Error), counts.of(Outcome::Released)), (1, 1));
        assert_eq!((counts.died, counts.run.total(), counts.failed()), (1, 1, 1));
    }

    /// A backlog of days is one part of bounded size, and no job of it is left out.
    #[test]
    fn what_is_gathered_stays_bounded() {
        let mut gather = Gather::default();
        let many = 30_000;
        for nth in 0..many {
            gather.started(&job(&format!("k{}", nth % 7), -nth * 10), AT);
        }
        let cells = cells(&mut gather);
        assert!(cells.len() <= 3 * STATS_CELLS, "{}", cells.len());
        assert!(cells.iter().any(|cell| cell.grain == Grain::Hour));
        let enqueued: u64 = cells.iter().map(|cell| cell.counts.enqueued).sum();
        assert_eq!(enqueued, many.unsigned_abs());
    }
}
