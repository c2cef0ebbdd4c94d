//! Liveness: registration, heartbeats, and the lease by this process's own clock. No I/O.
//!
//! A process that cannot renew its lease must stop by itself before others take its jobs. So its
//! own clock counts from *before* a renewal was sent, less a margin: when the store's view of the
//! lease and ours differ, ours ends first. That also covers a store that does not fail, but does
//! not answer either. A process that was stopped for longer than its lease (SIGSTOP, a paused
//! machine) asks first: perhaps nobody took its jobs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::options::Options;
use crate::id::LeaseId;

/// What is to be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LivenessCall {
    Register,
    Heartbeat,
}

/// Why the lease is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The last heartbeat failed.
    Failed,
    /// A heartbeat is under way and is not answered.
    Unanswered,
}

/// Until when the lease holds by our own clock. Clones are the same moment: attempts look at it when they
/// begin, on another thread.
#[derive(Debug, Clone)]
pub(super) struct LeaseEnd {
    base: Instant,
    nanos: Arc<AtomicU64>,
}

impl LeaseEnd {
    pub(super) fn at(moment: Instant) -> Self {
        Self { base: moment, nanos: Arc::default() }
    }

    pub(super) fn get(&self) -> Instant {
        self.base + Duration::from_nanos(self.nanos.load(Ordering::Acquire))
    }

    fn set(&self, moment: Instant) {
        let nanos = moment.saturating_duration_since(self.base).as_nanos();
        self.nanos.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Whether the lease holds: only then may a handler start.
    pub(super) fn holds(&self, now: Instant) -> bool {
        now < self.get()
    }
}

/// The state of this worker's registration and lease.
#[derive(Debug)]
pub(super) struct Liveness {
    heartbeat: Duration,
    lease: Duration,
    /// By how much our own clock ends the lease before the store's does.
    margin: Duration,
    /// How soon a lease that nothing here knows is looked at again.
    second_look: Duration,
    is_registered: bool,
    /// When the call under way was sent.
    sent_at: Option<Instant>,
    call_at: Instant,
    has_failed: bool,
    /// Until when the lease holds by our own clock.
    lease_end: LeaseEnd,
    /// Whether the engine was told that the lease is in doubt.
    is_in_doubt: bool,
    /// Leases that a heartbeat found and nothing here knows; handed back if found twice.
    unknown_leases: HashSet<LeaseId>,
}

impl Liveness {
    pub(super) fn new(now: Instant, options: &Options) -> Self {
        Self {
            heartbeat: options.heartbeat,
            lease: options.lease,
            margin: (options.lease / 10).max(Duration::from_millis(100)),
            second_look: options.sweep,
            is_registered: false,
            sent_at: None,
            call_at: now,
            has_failed: false,
            lease_end: LeaseEnd::at(now),
            is_in_doubt: false,
            unknown_leases: HashSet::new(),
        }
    }

    pub(super) fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// Whether the lease holds by our own clock: only then may a handler start.
    pub(super) fn lease_holds(&self, now: Instant) -> bool {
        self.lease_end.holds(now)
    }

    pub(super) fn lease_end(&self) -> LeaseEnd {
        self.lease_end.clone()
    }

    /// When [`Liveness::due`] or [`Liveness::doubt`] has something to say.
    pub(super) fn next(&self) -> Option<Instant> {
        let call_at = self.sent_at.is_none().then_some(self.call_at);
        call_at.into_iter().chain(self.doubt_at()).min()
    }

    /// The call to send now, which is then under way.
    pub(super) fn due(&mut self, now: Instant) -> Option<LivenessCall> {
        if self.sent_at.is_some() || now < self.call_at {
            return None;
        }
        self.sent_at = Some(now);
        if !self.is_registered {
            return Some(LivenessCall::Register);
        }
        self.call_at = now + self.heartbeat;
        Some(LivenessCall::Heartbeat)
    }

    /// Asks for a call at this moment, unless one is due sooner.
    pub(super) fn call_by(&mut self, moment: Instant) {
        self.call_at = self.call_at.min(moment);
    }

    pub(super) fn registered(&mut self, sent: Instant) {
        self.is_registered = true;
        self.call_at = sent + self.heartbeat;
        self.renewed(sent);
    }

    pub(super) fn registration_failed(&mut self, again_at: Instant) {
        self.sent_at = None;
        self.call_at = again_at;
    }

    /// A heartbeat that was sent then renewed the lease.
    pub(super) fn renewed(&mut self, sent: Instant) {
        self.sent_at = None;
        self.has_failed = false;
        self.is_in_doubt = false;
        self.lease_end.set(sent + self.lease.saturating_sub(self.margin));
    }

    pub(super) fn heartbeat_failed(&mut self, sent: Instant, again_at: Instant) {
        self.sent_at = None;
        self.has_failed = true;
        self.call_at = again_at.min(sent + self.heartbeat);
    }

    /// The store does not know this worker any more: it registers again.
    pub(super) fn lost(&mut self, now: Instant) {
        self.sent_at = None;
        self.has_failed = false;
        self.is_registered = false;
        self.call_at = now;
    }

    /// Whether the lease has just come into doubt; said once, until it is renewed.
    pub(super) fn doubt(&mut self, now: Instant) -> Option<Doubt> {
        if self.doubt_at().is_none_or(|at| now < at) {
            return None;
        }
        self.is_in_doubt = true;
        Some(if self.sent_at.is_some() { Doubt::Unanswered } else { Doubt::Failed })
    }

    fn doubt_at(&self) -> Option<Instant> {
        if !self.is_registered || self.is_in_doubt {
            return None;
        }
        match (self.has_failed, self.sent_at) {
            (true, _) => Some(self.lease_end.get()),
            // A heartbeat that was sent late has a moment to be answered.
            (false, Some(sent)) => Some(self.lease_end.get().max(sent + self.margin)),
            (false, None) => None,
        }
    }

    /// The leases to hand back: those that the store has, that nothing here knows, and that the
    /// heartbeat before found too. What is found once may have been settled since.
    pub(super) fn unknown_leases(
        &mut self,
        found: Vec<LeaseId>,
        known: &HashSet<LeaseId>,
        now: Instant,
    ) -> Vec<LeaseId> {
        let unknown: HashSet<LeaseId> =
            found.into_iter().filter(|lease| !known.contains(lease)).collect();
        if !unknown.is_empty() {
            self.call_by(now + self.second_look);
        }
        let twice = unknown.intersection(&self.unknown_leases).copied().collect();
        self.unknown_leases = unknown;
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lease of 30 s, a heartbeat each 10 s: our own lease ends 27 s after a renewal was sent.
    struct Run {
        liveness: Liveness,
        start: Instant,
    }

    impl Run {
        fn begin() -> Self {
            let start = Instant::now();
            Self { liveness: Liveness::new(start, &Options::default()), start }
        }

        /// Registered by a call that was sent at 0 s.
        fn registered() -> Self {
            let mut run = Self::begin();
            assert_eq!(run.due(0.0), Some(LivenessCall::Register));
            let sent = run.at(0.0);
            run.liveness.registered(sent);
            run
        }

        fn at(&self, seconds: f64) -> Instant {
            self.start + Duration::from_secs_f64(seconds)
        }

        fn due(&mut self, seconds: f64) -> Option<LivenessCall> {
            let at = self.at(seconds);
            self.liveness.due(at)
        }

        fn doubt(&mut self, seconds: f64) -> Option<Doubt> {
            let at = self.at(seconds);
            self.liveness.doubt(at)
        }

        fn fail(&mut self, sent: f64, again: f64) {
            let (sent, again) = (self.at(sent), self.at(again));
            self.liveness.heartbeat_failed(sent, again);
        }

        fn renew(&mut self, sent: f64) {
            let sent = self.at(sent);
            self.liveness.renewed(sent);
        }

        fn holds(&self, seconds: f64) -> bool {
            self.liveness.lease_holds(self.at(seconds))
        }

        fn next(&self) -> Option<f64> {
            self.liveness.next().map(|at| (at - self.start).as_secs_f64())
        }
    }

    #[test]
    fn a_worker_registers_before_it_beats() {
        let mut run = Run::begin();
        assert!(!run.holds(0.0), "nothing may start yet");
        assert_eq!(run.due(0.0), Some(LivenessCall::Register));
        assert_eq!(run.due(5.0), None, "one is under way");
        let again = run.at(7.0);
        run.liveness.registration_failed(again);
        assert_eq!(run.due(6.9), None);
        assert_eq!(run.due(7.0), Some(LivenessCall::Register));
        assert_eq!(run.doubt(1_000.0), None, "there is no lease to doubt");
    }

    #[test]
    fn heartbeats_follow_each_other_by_their_interval() {
        let mut run = Run::registered();
        for beat in [10.0, 20.0, 30.0] {
            assert_eq!(run.next(), Some(beat));
            assert_eq!(run.due(beat - 0.1), None);
            assert_eq!(run.due(beat), Some(LivenessCall::Heartbeat));
            run.renew(beat);
            assert!(run.holds(beat + 26.9));
            assert!(!run.holds(beat + 27.0));
        }
    }

    /// I-L6: the lease is counted from before the request was sent, less a margin.
    #[test]
    fn a_slow_answer_does_not_lengthen_the_lease() {
        let mut run = Run::registered();
        assert_eq!(run.due(10.0), Some(LivenessCall::Heartbeat));
        // The answer comes at 25 s; the store may have renewed at 10 s.
        run.renew(10.0);
        assert!(run.holds(36.9) && !run.holds(37.0));
    }

    /// I-L6: a worker that cannot renew stops by itself before its lease is over.
    #[test]
    fn failing_heartbeats_put_the_lease_in_doubt_when_it_is_over() {
        let mut run = Run::registered();
        for (sent, again) in [(10.0, 11.0), (11.0, 13.0), (13.0, 27.5)] {
            assert_eq!(run.due(sent), Some(LivenessCall::Heartbeat));
            run.fail(sent, again);
        }
        assert_eq!(run.doubt(26.9), None);
        assert_eq!(run.doubt(27.0), Some(Doubt::Failed));
        assert_eq!(run.doubt(28.0), None, "it is said once");
    }

    /// I-L6: the same where the store does not fail, but does not answer either.
    #[test]
    fn an_unanswered_heartbeat_puts_the_lease_in_doubt() {
        let mut run = Run::registered();
        assert_eq!(run.due(10.0), Some(LivenessCall::Heartbeat));
        assert_eq!(run.next(), Some(27.0));
        assert_eq!(run.doubt(26.9), None);
        assert_eq!(run.doubt(27.0), Some(Doubt::Unanswered));
    }

    /// After a long stop the process asks first, and waits for the answer for the margin.
    #[test]
    fn a_process_that_was_stopped_asks_before_it_gives_up() {
        let mut run = Run::registered();
        assert_eq!(run.doubt(100.0), None, "it has not asked yet");
        assert!(!run.holds(100.0), "but nothing starts");
        assert_eq!(run.due(100.0), Some(LivenessCall::Heartbeat));
        assert_eq!(run.doubt(102.9), None);
        assert_eq!(run.doubt(103.0), Some(Doubt::Unanswered));
        run.renew(100.0);
        assert!(run.holds(126.9), "nobody had taken its jobs");
        assert_eq!(run.doubt(126.9), None);
    }

    #[test]
    fn a_renewal_ends_a_doubt_and_the_next_one_is_told_again() {
        let mut run = Run::registered();
        assert_eq!(run.due(10.0), Some(LivenessCall::Heartbeat));
        run.fail(10.0, 28.0);
        assert_eq!(run.doubt(27.0), Some(Doubt::Failed));
        assert_eq!(run.due(28.0), Some(LivenessCall::Heartbeat));
        run.renew(28.0);
        assert_eq!(run.due(38.0), Some(LivenessCall::Heartbeat));
        run.fail(38.0, 39.0);
        assert_eq!(run.doubt(55.0), Some(Doubt::Failed));
    }

    #[test]
    fn a_lost_worker_registers_again_at_once() {
        let mut run = Run::registered();
        assert_eq!(run.due(10.0), Some(LivenessCall::Heartbeat));
        let now = run.at(12.0);
        run.liveness.lost(now);
        assert!(!run.liveness.is_registered());
        assert_eq!(run.due(12.0), Some(LivenessCall::Register));
    }

    /// I-X2: what a claim with a lost answer left behind is handed back.
    #[test]
    fn a_lease_that_nothing_knows_is_handed_back_when_it_is_found_twice() {
        let mut run = Run::registered();
        let [known, stray, early] = [LeaseId::new(), LeaseId::new(), LeaseId::new()];
        let in_hand = HashSet::from([known]);
        let now = run.at(10.0);
        let first = run.liveness.unknown_leases(vec![known, stray, early], &in_hand, now);
        assert_eq!(first, []);
        assert_eq!(run.next(), Some(10.0), "a heartbeat was due anyway");
        let in_hand = HashSet::from([known, early]);
        let second = run.liveness.unknown_leases(vec![known, stray, early], &in_hand, now);
        assert_eq!(second, [stray], "the other one is known by now");
    }

    #[test]
    fn a_second_look_at_an_unknown_lease_comes_soon() {
        let mut run = Run::registered();
        assert_eq!(run.due(10.0), Some(LivenessCall::Heartbeat));
        run.renew(10.0);
        let now = run.at(10.1);
        run.liveness.unknown_leases(vec![LeaseId::new()], &HashSet::new(), now);
        assert_eq!(run.next(), Some(11.1));
    }
}
