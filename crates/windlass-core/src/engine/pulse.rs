//! Pulse: which of a worker's calls fail, since when, and when each is worth another try.
//!
//! Calls fail apart from each other: where one table is gone heartbeats may go on while nothing
//! can be claimed, and a worker that cannot claim is not well because it is alive.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::events::Health;
use crate::limits::RECONNECT_CAP;
use crate::time::Timestamp;

/// What a worker asks of its store again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Register,
    Heartbeat,
    Claim,
    Settle,
    Sweep,
    Tidy,
}

/// A call that failed last time.
#[derive(Debug)]
struct Trouble {
    call: Call,
    since: Timestamp,
    in_row: u32,
    again_at: Instant,
    error: String,
}

/// The calls that fail; what watchers are told of it.
#[derive(Debug)]
pub(super) struct Pulse {
    /// The one that failed last stands last.
    troubles: Vec<Trouble>,
    health: watch::Sender<Health>,
}

impl Pulse {
    pub(super) fn new(health: watch::Sender<Health>) -> Self {
        Self { troubles: Vec::new(), health }
    }

    /// Notes that a call failed; when it is worth another try.
    pub(super) fn failed(&mut self, call: Call, error: &dyn std::fmt::Display) -> Instant {
        let before = self.take(call);
        let in_row = before.as_ref().map_or(1, |trouble| trouble.in_row.saturating_add(1));
        let since = before.map_or_else(Timestamp::wall_clock, |trouble| trouble.since);
        let again_at = Instant::now() + backoff(in_row).mul_f64(0.5 + fastrand::f64() / 2.0);
        let error = error.to_string();
        if self.troubles.is_empty() && in_row == 1 {
            tracing::warn!(error, "the store fails; trying again");
        }
        self.troubles.push(Trouble { call, since, in_row, again_at, error });
        self.tell();
        again_at
    }

    /// Notes that a call succeeded, or is not made any more. `true` where it had failed before:
    /// then the others are worth another try too.
    pub(super) fn clear(&mut self, call: Call) -> bool {
        if self.take(call).is_none() {
            return false;
        }
        if self.troubles.is_empty() {
            tracing::info!("the store works again");
        }
        self.tell();
        true
    }

    /// Not before then a call that failed is worth another try.
    pub(super) fn again_at(&self, call: Call) -> Option<Instant> {
        self.troubles.iter().find(|trouble| trouble.call == call).map(|trouble| trouble.again_at)
    }

    fn take(&mut self, call: Call) -> Option<Trouble> {
        let at = self.troubles.iter().position(|trouble| trouble.call == call)?;
        Some(self.troubles.remove(at))
    }

    fn tell(&self) {
        let since = self.troubles.iter().map(|trouble| trouble.since).min();
        let last = self.troubles.last().map(|trouble| trouble.error.clone());
        self.health.send_replace(match (since, last) {
            (Some(since), Some(error)) => Health::Failing { since, error },
            _ => Health::Working,
        });
    }
}

fn backoff(in_row: u32) -> Duration {
    Duration::from_millis(100).saturating_mul(1 << in_row.min(6)).min(RECONNECT_CAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse() -> (Pulse, watch::Receiver<Health>) {
        let (health, seen) = watch::channel(Health::Working);
        (Pulse::new(health), seen)
    }

    #[test]
    fn a_call_that_succeeds_says_nothing_of_another_that_fails() {
        let (mut pulse, seen) = pulse();
        pulse.failed(Call::Claim, &"no table");
        assert!(!pulse.clear(Call::Heartbeat));
        assert!(matches!(&*seen.borrow(), Health::Failing { error, .. } if error == "no table"));
        assert!(pulse.clear(Call::Claim));
        assert_eq!(*seen.borrow(), Health::Working);
    }

    #[test]
    fn it_fails_since_the_first_failure_and_tells_the_last_error() {
        let (mut pulse, seen) = pulse();
        pulse.failed(Call::Claim, &"first");
        let Health::Failing { since: first, .. } = seen.borrow().clone() else { panic!("failing") };
        pulse.failed(Call::Sweep, &"second");
        pulse.failed(Call::Claim, &"third");
        let told = Health::Failing { since: first, error: "third".to_owned() };
        assert_eq!(*seen.borrow(), told);
    }

    #[test]
    fn the_back_off_grows_from_a_tenth_of_a_second_to_its_cap() {
        let (mut pulse, _seen) = pulse();
        for in_row in 1..100 {
            let now = Instant::now();
            let wait = pulse.failed(Call::Claim, &"away") - now;
            assert!(wait >= Duration::from_millis(100), "{in_row}: {wait:?}");
            assert!(wait <= RECONNECT_CAP + Duration::from_millis(50), "{in_row}: {wait:?}");
        }
    }
}
