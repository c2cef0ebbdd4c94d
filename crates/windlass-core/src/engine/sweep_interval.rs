//! How often a worker sweeps. No I/O.

use std::time::Duration;

use crate::limits::{FOLLOWER_SWEEP, FOLLOWERS_A_SWEEP};
use crate::maintenance::Swept;

/// The jitter of a longer wait, as a part of it: followers that started together would otherwise
/// always sweep together, and nobody in between.
const JITTER: f64 = 0.2;

/// How a worker hears that a job it runs was cancelled elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CancelWatch {
    /// Nothing runs, or the store's hints arrive.
    Hints,
    /// Something runs, and hints may be lost: a sweep must tell.
    Sweeps,
}

/// How long to wait for the next sweep after this one. A leader has work each time; of the others,
/// some are enough to see that the leader lives, however many there are.
pub(super) fn wait(swept: &Swept, sweep: Duration, watch: CancelWatch) -> Duration {
    if swept.leads {
        return sweep;
    }
    if watch == CancelWatch::Sweeps {
        return cancel_wait(sweep);
    }
    let followers = u32::try_from(swept.workers.saturating_sub(1)).unwrap_or(u32::MAX);
    let turn = sweep.saturating_mul(followers) / FOLLOWERS_A_SWEEP;
    // Jitter applies at the bound too: a wait cut off there would be the same for all.
    let widest = FOLLOWER_SWEEP.div_f64(1.0 + JITTER);
    if turn <= sweep || widest <= sweep {
        return sweep;
    }
    turn.min(widest).mul_f64(1.0 + JITTER * fastrand::f64())
}

/// How often a worker sweeps that learns of cancellations by it: the answer, the heartbeat that
/// follows and the handler's token still fit into the interval.
pub(super) fn cancel_wait(sweep: Duration) -> Duration {
    sweep.mul_f64(0.8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{HEARTBEAT, POLL_WAITS, SWEEP};

    fn follower(workers: u64) -> Duration {
        wait(&Swept { workers, ..Swept::default() }, SWEEP, CancelWatch::Hints)
    }

    #[test]
    fn the_leader_keeps_its_second() {
        for workers in [1, 3, 200] {
            let swept = Swept { leads: true, workers, ..Swept::default() };
            assert_eq!(wait(&swept, SWEEP, CancelWatch::Hints), SWEEP);
        }
    }

    /// X5: with two or three workers a dead leader is looked for as often as jobs are.
    #[test]
    fn few_followers_look_every_second() {
        for workers in [0, 1, 2, 3] {
            assert_eq!(follower(workers), SWEEP, "{workers} workers");
        }
    }

    #[test]
    fn followers_take_turns_within_bounds() {
        for (workers, least, most) in [
            (4, 1.5, 1.8),
            (5, 2.0, 2.4),
            (7, 3.0, 3.6),
            (9, 3.3, 4.0),
            (200, 3.3, 4.0),
            (u64::MAX, 3.3, 4.0),
        ] {
            for _ in 0..100 {
                let wait = follower(workers).as_secs_f64();
                assert!((least..=most).contains(&wait), "{workers} workers: {wait}");
            }
        }
    }

    #[test]
    fn a_worker_that_sweeps_seldom_is_not_hurried() {
        let sweep = 10 * FOLLOWER_SWEEP;
        let swept = Swept { workers: 200, ..Swept::default() };
        assert_eq!(wait(&swept, sweep, CancelWatch::Hints), sweep);
    }

    /// T3: 200 idle workers for ten minutes send at most one statement a second each, and together
    /// do not leave the leader unwatched for a second.
    #[test]
    fn of_two_hundred_idle_workers_each_sends_less_than_a_statement_a_second() {
        const WORKERS: u64 = 200;
        const SPAN: Duration = Duration::from_secs(600);
        let mut looks: Vec<Duration> = Vec::new();
        for _ in 1..WORKERS {
            let mut at = follower(WORKERS);
            while at < SPAN {
                looks.push(at);
                at += follower(WORKERS);
            }
        }
        let swept = looks.len() as f64 / (WORKERS - 1) as f64 / SPAN.as_secs_f64();
        let claimed = 1.0 / POLL_WAITS[POLL_WAITS.len() - 1].as_secs_f64();
        let beaten = 1.0 / HEARTBEAT.as_secs_f64();
        let rate = swept + claimed + beaten;
        assert!(rate <= 0.9, "{rate} statements a second");
        looks.sort();
        // They all start at once, which takes a while to wear off.
        let apart = looks.windows(2).filter(|pair| pair[0] > Duration::from_secs(120));
        let longest = apart.map(|pair| pair[1] - pair[0]).max().expect("there are many");
        assert!(longest < Duration::from_secs(1), "{longest:?}");
    }
}
