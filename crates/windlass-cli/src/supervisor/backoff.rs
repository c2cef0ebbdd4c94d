//! When a place of the pool may have its next child: never twice within a second, and later with each death in a row.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Between two starts of one place, however they end.
pub(super) const BETWEEN_STARTS: Duration = Duration::from_secs(1);
/// The longest wait of a place whose children keep dying.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// So many deaths of a place within [`STEADY`] are not healthy.
pub(super) const DEATHS: usize = 5;
/// A child that has lived this long is steady: what happened before it is forgotten.
pub(super) const STEADY: Duration = Duration::from_secs(60);

/// The starts and deaths of one place.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last_start: Option<Instant>,
    /// Those of the last [`STEADY`].
    deaths: VecDeque<Instant>,
    in_row: u32,
    wait_until: Option<Instant>,
    is_unhealthy: bool,
}

impl Backoff {
    pub(super) fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
    }

    /// A child has died that nobody told to end. `true` where its place has become unhealthy by that.
    pub(super) fn died(&mut self, now: Instant) -> bool {
        self.deaths.push_back(now);
        while self.deaths.front().is_some_and(|first| now.duration_since(*first) > STEADY) {
            self.deaths.pop_front();
        }
        self.in_row = self.in_row.saturating_add(1);
        self.wait_until = Some(now + wait(self.in_row));
        let was_healthy = !self.is_unhealthy;
        self.is_unhealthy |= self.deaths.len() >= DEATHS;
        was_healthy && self.is_unhealthy
    }

    /// Its child has lived long enough. `true` where its place is healthy again by that.
    pub(super) fn is_steady(&mut self) -> bool {
        let was_unhealthy = self.is_unhealthy;
        *self = Self { last_start: self.last_start, ..Self::default() };
        was_unhealthy
    }

    /// What made it wait may be repaired: it need not wait longer than any start.
    pub(super) fn hurry(&mut self) {
        self.in_row = 0;
        self.wait_until = None;
    }

    /// When the next start may be; `None` where there was none.
    pub(super) fn start_at(&self) -> Option<Instant> {
        self.last_start.map(|last| last + BETWEEN_STARTS).max(self.wait_until)
    }

    pub(super) fn may_start(&self, now: Instant) -> bool {
        self.start_at().is_none_or(|at| at <= now)
    }

    pub(super) fn is_unhealthy(&self) -> bool {
        self.is_unhealthy
    }

    /// Whether a life of [`STEADY`] would change anything.
    pub(super) fn has_deaths(&self) -> bool {
        self.in_row > 0 || self.is_unhealthy
    }
}

/// The wait after so many deaths in a row: none after the first, then doubled up to the longest.
fn wait(in_row: u32) -> Duration {
    match in_row {
        0 | 1 => Duration::ZERO,
        _ => Duration::from_secs(1 << (in_row - 2).min(5)).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn each_death_in_a_row_waits_longer_up_to_a_limit() {
        let waits: Vec<u64> = (1..9).map(|in_row| wait(in_row).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn a_first_death_is_made_up_for_at_once_and_never_within_a_second_of_the_start() {
        let start = Instant::now();
        let mut place = Backoff::default();
        assert!(place.may_start(start));
        place.started(start);
        place.died(start + seconds(20));
        assert!(place.may_start(start + seconds(20)));
        place.started(start + seconds(20));
        place.hurry();
        assert_eq!(place.start_at(), Some(start + seconds(21)));
        assert!(!place.may_start(start + Duration::from_millis(20_999)));
    }

    /// T17: the fifth death within a minute is told, once, and a steady child ends it.
    #[test]
    fn five_deaths_in_a_minute_are_unhealthy_until_a_child_is_steady() {
        let start = Instant::now();
        let mut place = Backoff::default();
        let told: Vec<bool> = (0..7).map(|nth| place.died(start + seconds(nth))).collect();
        assert_eq!(told, [false, false, false, false, true, false, false]);
        assert!(place.is_unhealthy());
        assert!(place.is_steady());
        assert!(!place.is_unhealthy() && !place.has_deaths() && !place.is_steady());
    }

    #[test]
    fn deaths_that_are_far_apart_are_healthy() {
        let start = Instant::now();
        let mut place = Backoff::default();
        assert!((0..50).all(|nth| !place.died(start + seconds(nth * 16))));
        assert!(!place.is_unhealthy());
    }
}
