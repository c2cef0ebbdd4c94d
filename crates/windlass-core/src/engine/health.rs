//! Health: which of a worker's calls to its store fail, since when, and when to try each again.
//!
//! Calls fail apart from each other: where one table is missing, heartbeats may go on while nothing
//! can be claimed, and a worker that cannot claim is not healthy because it is alive.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::limits::RECONNECT_CAP;
use crate::time::Timestamp;

/// Whether a worker can use its store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It can do all it has to. One that takes no new work can, too: see
    /// [`RunningWorker::is_quiet`](super::RunningWorker::is_quiet) and
    /// [`RunningWorker::held_back`](super::RunningWorker::held_back).
    Working,
    /// Some of what it asks of the store fails, or is not answered in time. It tries again by
    /// itself, waiting 0.1 to 5 s in between, and works again once all of it succeeds.
    Failing {
        /// Since when something has been failing.
        since: Timestamp,
        /// What went wrong last.
        error: String,
    },
    /// It has stopped: it was told to, or its engine panicked.
    Stopped,
}

/// What a worker asks of its store repeatedly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Register,
    Heartbeat,
    Claim,
    Settle,
    Report,
    Sweep,
    Fire,
    Feed,
    Alert,
    Operate,
    Fold,
    Declare,
    Tidy,
}

/// A call that failed last time.
#[derive(Debug)]
struct Failure {
    call: Call,
    since: Timestamp,
    in_row: u32,
    again_at: Instant,
    error: String,
}

/// The calls that fail, and what watchers are told of them.
#[derive(Debug)]
pub(super) struct StoreHealth {
    /// The one that failed last stands last.
    failures: Vec<Failure>,
    health: watch::Sender<Health>,
}

impl StoreHealth {
    pub(super) fn new(health: watch::Sender<Health>) -> Self {
        Self { failures: Vec::new(), health }
    }

    /// Notes that a call failed. The answer is when to try it again.
    pub(super) fn failed(&mut self, call: Call, error: &dyn std::fmt::Display) -> Instant {
        let before = self.take(call);
        let in_row = before.as_ref().map_or(1, |failure| failure.in_row.saturating_add(1));
        let since = before.map_or_else(Timestamp::wall_clock, |failure| failure.since);
        let again_at = Instant::now() + jittered(backoff(in_row), fastrand::f64());
        let error = error.to_string();
        if self.failures.is_empty() && in_row == 1 {
            tracing::warn!(error, "the store fails; trying again");
        }
        self.failures.push(Failure { call, since, in_row, again_at, error });
        self.tell();
        again_at
    }

    /// Notes that a call succeeded, or is not made any more. `true` where it had failed before:
    /// then the others are worth another try too.
    pub(super) fn clear(&mut self, call: Call) -> bool {
        if self.take(call).is_none() {
            return false;
        }
        if self.failures.is_empty() {
            tracing::info!("the store works again");
        }
        self.tell();
        true
    }

    /// When a call that failed may be tried again.
    pub(super) fn again_at(&self, call: Call) -> Option<Instant> {
        self.failures.iter().find(|failure| failure.call == call).map(|failure| failure.again_at)
    }

    fn take(&mut self, call: Call) -> Option<Failure> {
        let at = self.failures.iter().position(|failure| failure.call == call)?;
        Some(self.failures.remove(at))
    }

    fn tell(&self) {
        let since = self.failures.iter().map(|failure| failure.since).min();
        let last = self.failures.last().map(|failure| failure.error.clone());
        self.health.send_replace(match (since, last) {
            (Some(since), Some(error)) => Health::Failing { since, error },
            _ => Health::Working,
        });
    }
}

/// The longest wait after so many failures in a row: doubled with each, up to the cap.
fn backoff(in_row: u32) -> Duration {
    Duration::from_millis(100).saturating_mul(1 << in_row.min(6)).min(RECONNECT_CAP)
}

/// Between half of a wait and all of it, so that workers that failed together do not come back
/// together. `chance` is between 0 and 1.
fn jittered(wait: Duration, chance: f64) -> Duration {
    wait.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> (StoreHealth, watch::Receiver<Health>) {
        let (health, seen) = watch::channel(Health::Working);
        (StoreHealth::new(health), seen)
    }

    #[test]
    fn a_call_that_succeeds_says_nothing_of_another_that_fails() {
        let (mut calls, seen) = health();
        calls.failed(Call::Claim, &"no table");
        assert!(!calls.clear(Call::Heartbeat));
        assert!(matches!(&*seen.borrow(), Health::Failing { error, .. } if error == "no table"));
        assert!(calls.clear(Call::Claim));
        assert_eq!(*seen.borrow(), Health::Working);
    }

    #[test]
    fn it_fails_since_the_first_failure_and_tells_the_last_error() {
        let (mut calls, seen) = health();
        calls.failed(Call::Claim, &"first");
        let Health::Failing { since: first, .. } = seen.borrow().clone() else { panic!("failing") };
        calls.failed(Call::Sweep, &"second");
        calls.failed(Call::Claim, &"third");
        let told = Health::Failing { since: first, error: "third".to_owned() };
        assert_eq!(*seen.borrow(), told);
    }

    #[test]
    fn the_back_off_doubles_up_to_its_cap() {
        let waits: Vec<u128> = (1..9).map(|in_row| backoff(in_row).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
        assert_eq!(backoff(u32::MAX), RECONNECT_CAP);
    }

    #[test]
    fn a_wait_is_between_half_of_itself_and_all_of_it() {
        let wait = Duration::from_secs(2);
        assert_eq!(jittered(wait, 0.0), Duration::from_secs(1));
        assert_eq!(jittered(wait, 1.0), wait);
    }

    #[tokio::test(start_paused = true)]
    async fn each_failure_in_a_row_waits_longer_and_a_success_begins_again() {
        let (mut calls, _seen) = health();
        let now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..6 {
            waits.push(calls.failed(Call::Claim, &"away") - now);
        }
        // Half of a doubled wait is no shorter than all of the one before it; the last is not doubled, but capped.
        assert!(waits[..5].is_sorted(), "{waits:?}");
        assert!(waits[5] >= RECONNECT_CAP / 2, "{waits:?}");
        assert_eq!(calls.again_at(Call::Claim), Some(now + waits[5]));
        calls.clear(Call::Claim);
        assert!(calls.failed(Call::Claim, &"away") - now <= backoff(1));
    }
}
