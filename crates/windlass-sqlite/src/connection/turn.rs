//! Turns: while several processes write without a pause, each keeps the write lock for a few transactions in a row.
//!
//! The pages a connection has read are stale once another process has written, and who finds the lock taken can only
//! try again. So processes that hand the lock over after each transaction read every page again and try without success
//! most of the time. Here who has the lock keeps it for [`LENGTH`], also while it waits a moment for the next step, then
//! leaves it to others for [`COURTESY`]; those who wait try seldom, but often enough to find it free in that time.
//! A writer with time to spare does none of this: it takes the lock when it needs it, and tries so often that it mostly
//! gets it before the busy ones.

use std::time::{Duration, Instant};

/// How long the lock is kept.
const LENGTH: Duration = Duration::from_millis(30);
/// How long it is then left to others.
const COURTESY: Duration = Duration::from_millis(8);
/// How long the lock is kept while there is nothing to write.
pub(crate) const LINGER: Duration = Duration::from_millis(3);
/// How long the lock counts as wanted by others after it was found taken.
const LATELY: Duration = Duration::from_secs(1);
/// Over how much of its own time a writer learns whether it has some to spare. Waiting for the lock is not its own.
const WINDOW: Duration = Duration::from_millis(50);
/// A writer that writes for more than this part of its own time is busy: what runs its steps has to work too.
const BUSY_PART: u32 = 4;
/// How long a busy writer waits before it tries again: less than the courtesy lasts.
const BUSY_WAIT: std::ops::Range<u64> = 2_000..7_500;
/// How long others do.
const WAIT: std::ops::Range<u64> = 100..2_000;

/// What a writer knows of itself and the others.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// When this turn began.
    began: Option<Instant>,
    /// When the lock was last given back.
    given_at: Option<Instant>,
    /// When it was last found taken.
    contested_at: Option<Instant>,
    /// Whether the lock is kept for a step to come.
    is_kept: bool,
    /// In this window: how long nothing was to be written, and how long something was.
    idle: Duration,
    worked: Duration,
    /// Whether the writer had no time to spare in the window before.
    is_busy: bool,
}

impl Turn {
    /// There was nothing to write for so long.
    pub(crate) fn was_idle(&mut self, idle: Duration) {
        self.idle += idle;
        self.learn();
    }

    /// The lock was held for so long.
    pub(crate) fn worked(&mut self, worked: Duration) {
        self.worked += worked;
        self.learn();
    }

    fn learn(&mut self) {
        let window = self.idle + self.worked;
        if window >= WINDOW {
            self.is_busy = self.worked > window / BUSY_PART;
            (self.idle, self.worked) = (Duration::ZERO, Duration::ZERO);
        }
    }

    /// How long to leave the lock to others before it is taken again.
    pub(crate) fn courtesy(&mut self, now: Instant) -> Duration {
        let rested = since(self.given_at, now).unwrap_or(Duration::MAX);
        if rested >= COURTESY {
            self.began = Some(now);
            return Duration::ZERO;
        }
        if !self.is_shared(now) || !self.is_over(now) {
            return Duration::ZERO;
        }
        self.began = None;
        COURTESY.saturating_sub(rested)
    }

    /// Whether to keep the lock although there is nothing to write.
    pub(crate) fn may_linger(&self, now: Instant) -> bool {
        self.is_shared(now) && !self.is_over(now)
    }

    /// The lock is kept for a step to come, or somebody else was quicker: then the turn is over.
    pub(crate) fn keeps(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
        if !is_kept {
            self.began = None;
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether the lock was kept; it is used now.
    pub(crate) fn use_kept(&mut self) -> bool {
        std::mem::take(&mut self.is_kept)
    }

    /// The lock was found taken; how long to wait before it is tried again. At random, so that processes do not
    /// keep step.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        self.contested_at = Some(now);
        Duration::from_micros(fastrand::u64(if self.is_busy { BUSY_WAIT } else { WAIT }))
    }

    /// The lock was taken, after so many tries without success.
    pub(crate) fn takes(&mut self, now: Instant, tries: u32) {
        if tries > 0 || self.began.is_none() {
            self.began = Some(now);
        }
    }

    /// The lock was given back.
    pub(crate) fn gives(&mut self, now: Instant) {
        self.is_kept = false;
        self.given_at = Some(now);
    }

    fn is_shared(&self, now: Instant) -> bool {
        self.is_busy && since(self.contested_at, now).is_some_and(|ago| ago < LATELY)
    }

    fn is_over(&self, now: Instant) -> bool {
        since(self.began, now).is_none_or(|length| length >= LENGTH)
    }
}

fn since(at: Option<Instant>, now: Instant) -> Option<Duration> {
    at.map(|at| now.saturating_duration_since(at))
}

#[cfg(test)]
impl Turn {
    /// That of a busy writer that found the lock taken a moment ago and has it now.
    pub(crate) fn contested(now: Instant) -> Self {
        let mut turn = Self { is_busy: true, ..Self::default() };
        turn.wait(now);
        turn.takes(now, 1);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSACTION: Duration = Duration::from_millis(1);

    /// A writer that takes the lock again and again, and how long it left it to others each time.
    fn pauses(turn: &mut Turn, mut now: Instant) -> Vec<Duration> {
        let mut pauses = Vec::new();
        for _ in 0..70 {
            turn.gives(now);
            let pause = turn.courtesy(now);
            now += pause;
            turn.takes(now, 0);
            now += TRANSACTION;
            pauses.push(pause);
        }
        pauses
    }

    #[test]
    fn a_busy_writer_leaves_a_contested_lock_to_others_after_each_turn() {
        let now = Instant::now();
        let pauses = pauses(&mut Turn::contested(now), now);
        let after: Vec<usize> = (0..pauses.len()).filter(|nth| !pauses[*nth].is_zero()).collect();
        assert_eq!(after, [30, 60], "every {LENGTH:?}");
        assert!(after.iter().all(|nth| pauses[*nth] == COURTESY));
    }

    #[test]
    fn who_writes_alone_or_seldom_never_waits_and_never_lingers() {
        let now = Instant::now();
        let long_ago = now.checked_sub(LATELY).expect("the machine is up that long");
        let alone = Turn { is_busy: true, ..Turn::default() };
        let seldom = Turn { is_busy: false, ..Turn::contested(now) };
        for mut turn in [alone, Turn::contested(long_ago), seldom] {
            turn.takes(now, 0);
            assert!(!turn.may_linger(now), "{turn:?}");
            assert!(pauses(&mut turn, now).iter().all(Duration::is_zero), "{turn:?}");
        }
    }

    #[test]
    fn a_busy_writer_lingers_until_its_turn_is_over() {
        let now = Instant::now();
        let mut turn = Turn::contested(now);
        assert!(turn.may_linger(now + LENGTH - TRANSACTION));
        assert!(!turn.may_linger(now + LENGTH));
        turn.keeps(false);
        assert!(!turn.may_linger(now), "somebody else was quicker");
    }

    #[test]
    fn a_writer_that_had_nothing_to_do_has_waited_already() {
        let now = Instant::now();
        let mut turn = Turn::contested(now);
        turn.gives(now + LENGTH);
        assert_eq!(turn.courtesy(now + LENGTH + COURTESY / 5), COURTESY - COURTESY / 5);
        turn.gives(now + LENGTH);
        assert_eq!(turn.courtesy(now + LENGTH + COURTESY), Duration::ZERO);
    }

    #[test]
    fn a_writer_is_busy_when_it_had_little_time_to_spare() {
        let mut turn = Turn::default();
        turn.was_idle(WINDOW / 2);
        assert!(!turn.is_busy, "it is not known yet");
        turn.worked(WINDOW / 2);
        assert!(turn.is_busy);
        turn.worked(WINDOW / 5);
        turn.was_idle(WINDOW);
        assert!(!turn.is_busy);
    }

    #[test]
    fn a_busy_writer_tries_less_often_and_often_enough() {
        let now = Instant::now();
        let mut busy = Turn::contested(now);
        let mut other = Turn::default();
        for _ in 0..100 {
            let (rarely, often) = (busy.wait(now), other.wait(now));
            assert!(often < Duration::from_millis(2), "{often:?}");
            assert!((Duration::from_millis(1)..COURTESY).contains(&rarely), "{rarely:?}");
        }
    }
}
