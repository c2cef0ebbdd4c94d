//! Floors: where the claim of a queue begins to look.
//!
//! A snapshot that somebody holds open for minutes keeps dead index entries in front of the
//! queue's head, and every claim would walk over them. So while claims are slow they begin where
//! the last one ended, and now and then from the very front, for what came in below: retries,
//! smaller priorities, transactions that committed late.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use windlass_core::job::Claimed;

/// A claim that takes longer walks over something dead.
const SLOW: Duration = Duration::from_millis(30);
/// How long a floor is trusted before a look from the front.
const FULL_PASS: Duration = Duration::from_millis(250);

const FRONT: Floor = Floor { priority: i16::MIN, run_at: i64::MIN };

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Floor {
    priority: i16,
    run_at: i64,
}

#[derive(Debug)]
struct Line {
    floor: Floor,
    /// When the front was looked at last.
    full_at: Instant,
    /// What such a look cost.
    full_cost: Duration,
    slow: bool,
}

/// The floor of each queue, for one process.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    lines: Mutex<HashMap<String, Line>>,
}

impl Floors {
    /// Where the next claim begins, as two columns.
    pub(crate) fn of(&self, queues: &[&str]) -> (Vec<i16>, Vec<i64>) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        queues
            .iter()
            .map(|queue| lines.get(*queue).map_or(FRONT, Line::begin))
            .map(|floor| (floor.priority, floor.run_at))
            .unzip()
    }

    /// What a claim got, and how long it took.
    pub(crate) fn learn(&self, queues: &[&str], jobs: &[Arc<Claimed>], took: Duration) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues {
            let last = jobs
                .iter()
                .filter(|job| job.queue == **queue)
                .map(|job| Floor { priority: job.priority, run_at: job.run_at.as_micros() })
                .max();
            let line = lines.entry((*queue).to_owned()).or_insert_with(Line::new);
            line.learn(last, took);
        }
    }
}

impl Line {
    fn new() -> Self {
        Self { floor: FRONT, full_at: Instant::now(), full_cost: Duration::ZERO, slow: false }
    }

    fn begin(&self) -> Floor {
        // A full pass is worth a tenth of the time at most, however long it takes.
        let pause = FULL_PASS.max(self.full_cost * 10);
        if self.slow && self.full_at.elapsed() < pause { self.floor } else { FRONT }
    }

    fn learn(&mut self, last: Option<Floor>, took: Duration) {
        let was_full = self.begin() == FRONT;
        if was_full {
            self.full_at = Instant::now();
            self.full_cost = took;
            self.slow = took > SLOW;
        }
        match last {
            Some(last) => self.floor = last,
            // Nothing above the floor: the next look is from the front.
            None => self.slow = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Floor = Floor { priority: 0, run_at: 7 };

    #[test]
    fn quick_claims_always_look_from_the_front() {
        let mut line = Line::new();
        line.learn(Some(LAST), Duration::from_millis(1));
        assert_eq!(line.begin(), FRONT);
    }

    #[test]
    fn slow_claims_go_on_where_they_were_and_return_when_there_is_nothing() {
        let mut line = Line::new();
        line.learn(Some(LAST), Duration::from_millis(100));
        assert_eq!(line.begin(), LAST);
        line.learn(None, Duration::from_millis(1));
        assert_eq!(line.begin(), FRONT);
    }
}
