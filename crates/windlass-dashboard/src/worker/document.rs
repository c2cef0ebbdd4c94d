//! What the page shows of `worker.v1`, and what of it is not as it should be.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use windlass::{State, Timestamp};

/// A heartbeat says when a worker has last claimed, so that this may be known that much later.
const QUIET_AFTER: Duration = Duration::from_secs(60);
/// A full worker takes nothing; one that is full with the same jobs for so long is worth a look.
const FULL_FOR: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Deserialize)]
pub(super) struct Worker {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) build: String,
    pub(super) started_at: Timestamp,
    pub(super) seen_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) claimed_at: Option<Timestamp>,
    pub(super) queues: Vec<String>,
    pub(super) slots: u64,
    pub(super) running: u64,
    pub(super) quiet: bool,
    pub(super) stopping: bool,
    pub(super) held_back: Option<HeldBack>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HeldBack {
    pub(super) minimum: String,
}

/// What the page needs of `queue.v1`.
#[derive(Debug, Deserialize)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) paused_at: Option<Timestamp>,
    pub(super) oldest_due_at: Option<Timestamp>,
    pub(super) jobs: BTreeMap<State, u64>,
}

/// What somebody should look at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem<'a> {
    /// All slots are taken, and it has claimed nothing for so long.
    Full(Duration),
    /// It has slots free and has claimed nothing for so long, while so many jobs wait in this queue.
    Idle { claimed: Duration, queue: &'a str, jobs: u64 },
}

impl Worker {
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at < now
    }

    fn takes_work(&self, now: Timestamp) -> bool {
        !self.is_over(now) && !self.quiet && !self.stopping && self.held_back.is_none()
    }

    /// How long ago it has claimed; where it never did, how long it is there.
    fn claimed_ago(&self, now: Timestamp) -> Duration {
        now.since(self.claimed_at.unwrap_or(self.started_at))
    }

    pub(super) fn problem<'a>(&self, queues: &'a [Queue], now: Timestamp) -> Option<Problem<'a>> {
        if !self.takes_work(now) {
            return None;
        }
        let claimed = self.claimed_ago(now);
        if self.running >= self.slots {
            let is_stuck = self.slots > 0 && claimed >= FULL_FOR;
            return is_stuck.then_some(Problem::Full(claimed));
        }
        if claimed < QUIET_AFTER {
            return None;
        }
        let waits = |queue: &&Queue| {
            let due = queue.oldest_due_at.map_or(Duration::ZERO, |due| now.since(due));
            queue.paused_at.is_none() && due >= QUIET_AFTER && self.queues.contains(&queue.name)
        };
        let waiting = queues.iter().filter(waits).max_by_key(|queue| queue.available())?;
        let jobs = waiting.available();
        (jobs > 0).then_some(Problem::Idle { claimed, queue: &waiting.name, jobs })
    }
}

impl Queue {
    fn available(&self) -> u64 {
        self.jobs.get(&State::Available).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + seconds * 1_000_000)
    }

    fn worker() -> Worker {
        Worker {
            id: "wrk_1".to_owned(),
            label: "web-1:1:A".to_owned(),
            build: "shop 1.0.0".to_owned(),
            started_at: at(-3_600),
            seen_at: at(0),
            expires_at: at(30),
            claimed_at: None,
            queues: vec!["mail".to_owned()],
            slots: 2,
            running: 0,
            quiet: false,
            stopping: false,
            held_back: None,
        }
    }

    fn queue(name: &str, available: u64, due: i64) -> Queue {
        Queue {
            name: name.to_owned(),
            paused_at: None,
            oldest_due_at: Some(at(due)),
            jobs: BTreeMap::from([(State::Available, available)]),
        }
    }

    #[test]
    fn a_worker_that_is_full_for_long_is_told_of() {
        let full = |claimed| Worker { running: 2, claimed_at: Some(at(claimed)), ..worker() };
        let found = Problem::Full(Duration::from_secs(600));
        assert_eq!(full(-600).problem(&[], at(0)), Some(found));
        assert_eq!(full(-599).problem(&[queue("mail", 9, -900)], at(0)), None);
        let without_slots = Worker { slots: 0, ..worker() };
        assert_eq!(without_slots.problem(&[], at(0)), None);
    }

    #[test]
    fn a_worker_that_takes_nothing_while_jobs_wait_is_told_of() {
        let queues = [queue("mail", 12, -300), queue("img", 900, -300)];
        let claimed = Duration::from_secs(3_600);
        let found = Problem::Idle { claimed, queue: "mail", jobs: 12 };
        assert_eq!(worker().problem(&queues, at(0)), Some(found));
        let busy = Worker { claimed_at: Some(at(-59)), ..worker() };
        assert_eq!(busy.problem(&queues, at(0)), None);
        for quiet in [
            Worker { quiet: true, ..worker() },
            Worker { stopping: true, ..worker() },
            Worker { expires_at: at(-1), ..worker() },
            Worker { held_back: Some(HeldBack { minimum: "shop 2".to_owned() }), ..worker() },
        ] {
            assert_eq!(quiet.problem(&queues, at(0)), None, "{quiet:?}");
        }
    }

    #[test]
    fn queues_without_jobs_that_wait_are_not_told_of() {
        let paused = Queue { paused_at: Some(at(-900)), ..queue("mail", 12, -300) };
        for one in [paused, queue("mail", 12, -59), queue("mail", 0, -300), queue("img", 9, -300)] {
            assert_eq!(worker().problem(&[one], at(0)), None);
        }
    }
}
