//! What a worker does for all: sweep each second, and where it leads fire schedules when a sweep has said that one is due,
//! feed the subscriptions, look for alerts, go on with operations, and tidy now and then. No I/O.
//!
//! A further duty of the leader is a further [`Recurring`] and a variant of [`Duty`].

use std::time::Duration;

use tokio::time::Instant;

use super::feeding::Feeding;
use super::options::Options;
use super::sweep_interval::{self, CancelWatch};
use crate::maintenance::{Swept, Tidied};
use crate::operation::{self, Round};
use crate::schedule::FireRound;
use crate::stats::Folded;
use crate::subscription::Fed;

/// A tidying round that pruned so many jobs, or forgot so many events, is followed by another one soon.
const MANY_PRUNED: u64 = 500;
/// A round of firing comes when a sweep says so, and a sweep comes each second.
const UNTIL_TOLD: Duration = Duration::from_secs(3_600);
const TIDY_AGAIN: Duration = Duration::from_millis(100);

/// What is to be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    Sweep,
    Fire,
    Feed,
    AwaitEvents,
    Alert,
    Operate,
    Fold,
    Tidy,
}

/// A call that comes again and again, one at a time.
#[derive(Debug)]
struct Recurring {
    every: Duration,
    at: Instant,
    is_under_way: bool,
}

impl Recurring {
    fn new(every: Duration, at: Instant) -> Self {
        Self { every, at, is_under_way: false }
    }

    fn next(&self) -> Option<Instant> {
        (!self.is_under_way).then_some(self.at)
    }

    /// Whether to send it now; it is then under way.
    fn due(&mut self, now: Instant) -> bool {
        let is_due = self.next().is_some_and(|at| at <= now);
        if is_due {
            self.is_under_way = true;
            self.at = now + self.every;
        }
        is_due
    }

    fn by(&mut self, moment: Instant) {
        self.at = self.at.min(moment);
    }

    fn not_before(&mut self, moment: Instant) {
        self.at = self.at.max(moment);
    }
}

/// When each duty is due, and whether this worker leads.
#[derive(Debug)]
pub(super) struct Maintenance {
    leads: bool,
    /// How often the leader sweeps.
    interval: Duration,
    sweep: Recurring,
    /// Comes when a sweep or the last round has said so.
    fire: Recurring,
    /// After a failure not before this.
    fire_again: Instant,
    feeding: Feeding,
    alert: Recurring,
    /// Whether anybody wants alerts, as the last sweep said.
    wants_alerts: bool,
    /// Comes when a sweep or the last round has said so.
    operate: Recurring,
    /// After a failure not before this.
    operate_again: Instant,
    /// Makes rows of stats.
    fold: Recurring,
    tidy: Recurring,
}

impl Maintenance {
    pub(super) fn new(now: Instant, options: &Options) -> Self {
        Self {
            leads: false,
            interval: options.sweep,
            sweep: Recurring::new(options.sweep, now),
            fire: Recurring::new(UNTIL_TOLD, now + UNTIL_TOLD),
            fire_again: now,
            feeding: Feeding::new(now),
            alert: Recurring::new(options.alert, now),
            wants_alerts: false,
            operate: Recurring::new(UNTIL_TOLD, now + UNTIL_TOLD),
            operate_again: now,
            fold: Recurring::new(options.stats, now + options.stats),
            tidy: Recurring::new(options.tidy, now),
        }
    }

    /// Whether this worker leads, as the last sweep said.
    pub(super) const fn leads(&self) -> bool {
        self.leads
    }

    /// When [`Maintenance::due`] has something to send.
    pub(super) fn next(&self) -> Option<Instant> {
        let alert = self.alert.next().filter(|_| self.wants_alerts);
        let leading = [
            self.fire.next(),
            self.feeding.next(),
            alert,
            self.operate.next(),
            self.fold.next(),
            self.tidy.next(),
        ]
        .into_iter()
        .flatten();
        self.sweep.next().into_iter().chain(leading.filter(|_| self.leads)).min()
    }

    /// The duty to send now, which is then under way.
    pub(super) fn due(&mut self, now: Instant) -> Option<Duty> {
        if self.sweep.due(now) {
            Some(Duty::Sweep)
        } else if self.leads && self.fire.due(now) {
            Some(Duty::Fire)
        } else if self.leads && self.tidy.due(now) {
            Some(Duty::Tidy)
        } else if self.leads && self.wants_alerts && self.alert.due(now) {
            Some(Duty::Alert)
        } else if self.leads && self.operate.due(now) {
            Some(Duty::Operate)
        } else if self.leads && self.fold.due(now) {
            Some(Duty::Fold)
        } else if self.leads {
            self.feeding.due(now)
        } else {
            None
        }
    }

    /// Something may be due earlier than the last sweep knew.
    pub(super) fn sweep_by(&mut self, moment: Instant) {
        self.sweep.by(moment);
    }

    /// Something runs here whose cancellation only a sweep would tell of.
    pub(super) fn watch_cancels(&mut self, now: Instant) {
        self.sweep_by(now + sweep_interval::cancel_wait(self.interval));
    }

    /// What a sweep said; whether this worker leads now.
    pub(super) fn swept(&mut self, swept: &Swept, watch: CancelWatch, now: Instant) -> bool {
        self.sweep.is_under_way = false;
        if swept.leads && !self.leads {
            self.feeding.begin(now);
        }
        self.leads = swept.leads;
        self.wants_alerts = swept.alerts;
        if swept.feeds {
            self.feeding.swept(now);
        }
        self.sweep.every = sweep_interval::wait(swept, self.interval, watch);
        // Only ever sooner: a sweep may have been asked for while this one was under way.
        self.sweep.by(now + self.sweep.every);
        if let Some(due) = swept.next_due {
            self.sweep.by(now + due);
        }
        self.fire_in(swept.next_fire, now);
        if !self.operate.is_under_way {
            self.operate_in(swept.operates, now);
        }
        self.leads
    }

    /// What a round of firing said of the next one.
    pub(super) fn fired(&mut self, round: &FireRound, now: Instant) {
        self.fire.is_under_way = false;
        self.fire_in(round.next_due, now);
    }

    pub(super) fn fire_failed(&mut self, again_at: Instant) {
        self.fire.is_under_way = false;
        (self.fire.at, self.fire_again) = (again_at, again_at);
    }

    fn fire_in(&mut self, wait: Option<Duration>, now: Instant) {
        let wait = wait.unwrap_or(UNTIL_TOLD).min(UNTIL_TOLD);
        self.fire.at = (now + wait).max(self.fire_again);
    }

    /// What a round of an operation that was sent at a moment said of the next one.
    pub(super) fn operated(&mut self, round: &Round, (sent, now): (Instant, Instant)) {
        self.operate.is_under_way = false;
        let next = round.next.map(|next| operation::within(now - sent, next));
        self.operate_in(next, now);
    }

    pub(super) fn operate_failed(&mut self, again_at: Instant) {
        self.operate.is_under_way = false;
        (self.operate.at, self.operate_again) = (again_at, again_at);
    }

    fn operate_in(&mut self, wait: Option<Duration>, now: Instant) {
        let wait = wait.unwrap_or(UNTIL_TOLD).min(UNTIL_TOLD);
        self.operate.at = (now + wait).max(self.operate_again);
    }

    /// Somebody may have published.
    pub(super) fn feed_by(&mut self, now: Instant) {
        self.feeding.told(now);
    }

    pub(super) fn fed(&mut self, fed: &Fed, now: Instant) {
        self.feeding.fed(fed, now);
    }

    pub(super) fn awaits_events(&mut self, is_open: bool, now: Instant) {
        self.feeding.awaits_events(is_open, now);
    }

    pub(super) fn feed_failed(&mut self, again_at: Instant) {
        self.feeding.failed(again_at);
    }

    pub(super) fn alerted(&mut self) {
        self.alert.is_under_way = false;
    }

    pub(super) fn alert_failed(&mut self, again_at: Instant) {
        self.alert.is_under_way = false;
        self.alert.at = again_at;
    }

    /// What a fold said: parts that wait are folded soon.
    pub(super) fn folded(&mut self, folded: Folded, now: Instant) {
        self.fold.is_under_way = false;
        if folded.more {
            self.fold.by(now + TIDY_AGAIN);
        }
    }

    pub(super) fn fold_failed(&mut self, again_at: Instant) {
        self.fold.is_under_way = false;
        self.fold.not_before(again_at);
    }

    pub(super) fn sweep_failed(&mut self, again_at: Instant) {
        self.sweep.is_under_way = false;
        self.sweep.not_before(again_at);
    }

    pub(super) fn tidied(&mut self, tidied: &Tidied, now: Instant) {
        self.tidy.is_under_way = false;
        if tidied.pruned.max(tidied.forgotten) >= MANY_PRUNED {
            self.tidy.by(now + TIDY_AGAIN);
        }
    }

    pub(super) fn tidy_failed(&mut self, again_at: Instant) {
        self.tidy.is_under_way = false;
        self.tidy.at = again_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{ALERT, SWEEP, TIDY};

    fn leader() -> Swept {
        Swept { leads: true, workers: 1, ..Swept::default() }
    }

    /// A sweep that says that this worker leads, where the subscriptions have nothing to be fed.
    fn lead(maintenance: &mut Maintenance, swept: &Swept, now: Instant) -> bool {
        let leads = maintenance.swept(swept, CancelWatch::Hints, now);
        maintenance.feeding = Feeding::new(now);
        leads
    }

    #[test]
    fn only_the_leader_tidies() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        assert_eq!(maintenance.due(now), Some(Duty::Sweep));
        assert_eq!(maintenance.due(now), None, "a sweep is under way, and nobody leads yet");
        assert!(lead(&mut maintenance, &leader(), now));
        assert_eq!(maintenance.due(now), Some(Duty::Tidy));
        maintenance.tidied(&Tidied::default(), now);
        assert_eq!(maintenance.next(), Some(now + SWEEP));
        assert_eq!(maintenance.due(now + SWEEP), Some(Duty::Sweep));
        let follower = Swept { leads: false, workers: 2, ..Swept::default() };
        assert!(!maintenance.swept(&follower, CancelWatch::Hints, now + SWEEP));
        let later = now + 2 * TIDY;
        assert_eq!(maintenance.due(later), Some(Duty::Sweep));
        assert_eq!(maintenance.due(later), None);
    }

    #[test]
    fn a_job_due_sooner_brings_the_next_sweep_forward() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        let soon = Duration::from_millis(40);
        lead(&mut maintenance, &Swept { next_due: Some(soon), ..leader() }, now);
        maintenance.due(now);
        assert_eq!(maintenance.next(), Some(now + soon));
    }

    /// Asked for while one is under way, a sweep follows at once.
    #[test]
    fn a_sweep_asked_for_meanwhile_is_not_forgotten() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        maintenance.sweep_by(now);
        lead(&mut maintenance, &leader(), now);
        assert_eq!(maintenance.due(now), Some(Duty::Sweep));
    }

    #[test]
    fn much_to_prune_is_pruned_in_rounds_that_follow_soon() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        lead(&mut maintenance, &leader(), now);
        for (pruned, next) in [(MANY_PRUNED, TIDY_AGAIN), (1, TIDY)] {
            let now = maintenance.tidy.at;
            assert_eq!(maintenance.due(now - SWEEP / 2), None);
            while maintenance.due(now) != Some(Duty::Tidy) {
                lead(&mut maintenance, &leader(), now);
            }
            maintenance.tidied(&Tidied { pruned, ..Tidied::default() }, now);
            assert_eq!(maintenance.tidy.at, now + next, "{pruned} pruned");
        }
    }

    /// Events are fed by the leader alone, also where others are told of them.
    #[test]
    fn the_leader_feeds_the_subscriptions() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        maintenance.feed_by(now);
        assert_eq!((maintenance.next(), maintenance.due(now)), (None, None));
        maintenance.swept(&leader(), CancelWatch::Hints, now);
        assert_eq!(maintenance.due(now), Some(Duty::Tidy));
        assert_eq!(maintenance.due(now), Some(Duty::Feed));
        assert_eq!(maintenance.due(now), None);
    }

    /// Where nobody wants alerts nobody looks for any; where somebody does, the leader looks now and then.
    #[test]
    fn the_leader_looks_for_alerts_where_somebody_wants_some() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        lead(&mut maintenance, &leader(), now);
        assert_eq!(maintenance.due(now), Some(Duty::Tidy));
        assert_eq!(maintenance.due(now), None);
        let wanted = Swept { alerts: true, ..leader() };
        lead(&mut maintenance, &wanted, now);
        assert_eq!(maintenance.due(now), Some(Duty::Alert));
        assert_eq!(maintenance.due(now), None, "one look at a time");
        maintenance.alerted();
        maintenance.due(now + SWEEP);
        lead(&mut maintenance, &wanted, now + SWEEP);
        assert_eq!(maintenance.due(now + SWEEP), None);
        maintenance.tidied(&Tidied::default(), now);
        maintenance.due(now + ALERT);
        lead(&mut maintenance, &wanted, now + ALERT);
        assert_eq!(maintenance.due(now + ALERT), Some(Duty::Alert));
        let again = now + 2 * ALERT;
        maintenance.alert_failed(again);
        let follower = Swept { alerts: false, workers: 2, ..Swept::default() };
        maintenance.swept(&follower, CancelWatch::Hints, now);
        assert!((0..9).all(|_| maintenance.due(again) != Some(Duty::Alert)), "the leader does it");
    }

    /// A schedule costs no further statement until it is due; what a sweep said is asked of the last one alone.
    #[test]
    fn schedules_are_fired_when_a_sweep_has_said_so() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        let soon = Duration::from_millis(300);
        let told = Swept { next_fire: Some(soon), ..leader() };
        lead(&mut maintenance, &told, now);
        assert_eq!(maintenance.due(now), Some(Duty::Tidy));
        assert_eq!(maintenance.next(), Some(now + soon));
        assert_eq!(maintenance.due(now + soon), Some(Duty::Fire));
        assert_eq!(maintenance.due(now + soon), None, "one round at a time");
        let full = FireRound { next_due: Some(Duration::ZERO), ..FireRound::default() };
        maintenance.fired(&full, now + soon);
        assert_eq!(
            maintenance.due(now + soon),
            Some(Duty::Fire),
            "there was more than one round does"
        );
        let again = now + 5 * SWEEP;
        maintenance.fire_failed(again);
        maintenance.due(now + SWEEP);
        maintenance.swept(
            &Swept { next_fire: Some(Duration::ZERO), ..leader() },
            CancelWatch::Hints,
            now,
        );
        assert_ne!(maintenance.due(again - soon), Some(Duty::Fire), "its back-off holds");
        let follower = Swept { workers: 2, ..Swept::default() };
        maintenance.swept(&follower, CancelWatch::Hints, now);
        assert!((0..9).all(|_| maintenance.due(again) != Some(Duty::Fire)), "the leader does it");
    }

    /// Rounds of operations leave as much time to others as they take, and come when they have something to do.
    #[test]
    fn the_leader_goes_on_with_operations() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        let told = Swept { operates: Some(Duration::ZERO), ..leader() };
        lead(&mut maintenance, &told, now);
        assert_eq!(maintenance.due(now), Some(Duty::Tidy));
        assert_eq!(maintenance.due(now), Some(Duty::Operate));
        assert_eq!(maintenance.due(now), None, "one round at a time");
        let took = Duration::from_millis(40);
        let sweep = maintenance.sweep.at;
        let more = Round { next: Some(Duration::ZERO), ..Round::default() };
        maintenance.operated(&more, (now, now + took));
        assert_eq!(maintenance.due(now + took), None);
        assert_eq!(maintenance.due(now + 2 * took), Some(Duty::Operate));
        assert_eq!(maintenance.sweep.at, sweep, "sweeps come as they would");
        maintenance.operated(&Round::default(), (now, now + 3 * took));
        assert_eq!(maintenance.next(), Some(sweep), "nothing is left to do");
        let again = now + 5 * SWEEP;
        maintenance.operate_failed(again);
        maintenance.due(sweep);
        lead(&mut maintenance, &told, sweep);
        assert_ne!(maintenance.due(sweep), Some(Duty::Operate), "its back-off holds");
        maintenance.swept(&Swept { workers: 2, ..Swept::default() }, CancelWatch::Hints, now);
        assert!(
            (0..9).all(|_| maintenance.due(again) != Some(Duty::Operate)),
            "the leader does it"
        );
    }

    #[test]
    fn what_failed_waits_for_its_back_off() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        let again = now + Duration::from_secs(5);
        maintenance.sweep_failed(again);
        assert_eq!(maintenance.next(), Some(again));
        maintenance.sweep_by(now);
        assert_eq!(maintenance.due(now), Some(Duty::Sweep), "unless the store works again");
        lead(&mut maintenance, &leader(), now);
        assert_eq!(maintenance.due(now), Some(Duty::Tidy));
        let again = now + SWEEP / 2;
        maintenance.tidy_failed(again);
        assert_eq!((maintenance.due(now), maintenance.next()), (None, Some(again)));
    }

    /// T3: where hints may be lost, a follower that runs something looks within a second.
    #[test]
    fn a_follower_that_runs_something_without_hints_sweeps_within_a_second() {
        let now = Instant::now();
        let mut maintenance = Maintenance::new(now, &Options::default());
        maintenance.due(now);
        let one_of_many = Swept { workers: 200, ..Swept::default() };
        maintenance.swept(&one_of_many, CancelWatch::Hints, now);
        let now = now + SWEEP;
        assert_eq!(maintenance.due(now), Some(Duty::Sweep));
        maintenance.swept(&one_of_many, CancelWatch::Hints, now);
        assert!(maintenance.next().is_some_and(|at| at > now + 3 * SWEEP));
        maintenance.watch_cancels(now);
        assert!(maintenance.next().is_some_and(|at| at < now + SWEEP));
        maintenance.due(now + SWEEP);
        maintenance.swept(&one_of_many, CancelWatch::Sweeps, now + SWEEP);
        assert!(maintenance.next().is_some_and(|at| at < now + 2 * SWEEP));
    }
}
