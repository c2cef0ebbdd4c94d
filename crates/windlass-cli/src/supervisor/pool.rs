//! The pool of children, without any: which are wanted, which are to be started and ended, and how one follows another. No I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::{Backoff, STEADY};

/// How long a new child may take until it is ready, when it is to replace one that works.
pub(super) const READY_WITHIN: Duration = Duration::from_secs(60);

/// A child, by the order of the starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ChildId(pub(super) u64);

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Start a child in this place, and say [`Pool::started`] or [`Pool::died_at_start`].
    Start(usize),
    /// Ask this one to end.
    Terminate(ChildId),
    /// End this one.
    Kill(ChildId),
    /// Say what has happened.
    Tell(News),
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// Children of this place keep dying.
    Unhealthy(usize),
    /// One of them lives now.
    Healthy(usize),
    /// The new child of this place is not ready: the old one stays, and so do those of all later places.
    NotReplaced(usize, Why),
    /// All have been replaced.
    Reloaded,
}

/// Why a child did not replace another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It ended.
    Ended,
    /// It took too long.
    Late,
}

/// How the end of a child counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was to end.
    Wanted,
    /// It was not; its place has another one at this moment, if it is not now.
    Unwanted { place: usize, again_at: Instant },
    /// It was to replace another one.
    Replacement { place: usize },
}

#[derive(Debug, Clone, Copy)]
struct Child {
    id: ChildId,
    since: Instant,
    is_ready: bool,
}

#[derive(Debug, Default)]
struct PoolPlace {
    current: Option<Child>,
    /// The one that is to take the current one's place.
    replacement: Option<Child>,
    backoff: Backoff,
}

/// How far the replacing of all children has come.
#[derive(Debug, Clone, Copy)]
struct Reload {
    place: usize,
    /// The one that makes room, once its replacement is ready.
    leaves: Option<ChildId>,
    /// Whether another one was asked for meanwhile.
    again: bool,
}

/// The children that are wanted and those that are there.
#[derive(Debug, Default)]
pub(super) struct Pool {
    places: Vec<PoolPlace>,
    /// Children that were told to end.
    leaving: Vec<ChildId>,
    reload: Option<Reload>,
    stops: bool,
    /// What is to be done before anything else.
    acts: Vec<Act>,
}

impl Pool {
    pub(super) fn new(wanted: usize) -> Self {
        let mut pool = Self::default();
        pool.resize(wanted);
        pool
    }

    pub(super) fn wanted(&self) -> usize {
        self.places.len()
    }

    /// Places whose child works.
    pub(super) fn actual(&self) -> usize {
        let works = |place: &&PoolPlace| place.current.is_some_and(|child| child.is_ready);
        self.places.iter().filter(works).count()
    }

    /// Places whose children keep dying.
    pub(super) fn unhealthy(&self) -> usize {
        self.places.iter().filter(|place| place.backoff.is_unhealthy()).count()
    }

    /// Whether it was told to stop, and has no child any more.
    pub(super) fn is_over(&self) -> bool {
        self.stops && self.leaving.is_empty()
    }

    /// Whether children are being replaced.
    pub(super) fn is_reloading(&self) -> bool {
        self.reload.is_some()
    }

    /// Has so many places from now on; children of others are told to end.
    pub(super) fn resize(&mut self, wanted: usize) {
        for place in self.places.split_off(wanted.min(self.places.len())) {
            for child in place.current.into_iter().chain(place.replacement) {
                self.leave(child.id);
            }
        }
        self.places.resize_with(wanted, PoolPlace::default);
    }

    /// Replaces all children, one after the other.
    pub(super) fn reload(&mut self) {
        if self.stops {
            return;
        }
        match &mut self.reload {
            Some(reload) => reload.again = true,
            None => self.reload = Some(Reload { place: 0, leaves: None, again: false }),
        }
    }

    /// Starts nothing more; everybody is told to end.
    pub(super) fn stop(&mut self) {
        self.stops = true;
        self.reload = None;
        self.resize(0);
    }

    /// A child was started in this place.
    pub(super) fn started(&mut self, place: usize, id: ChildId, now: Instant) {
        let child = Child { id, since: now, is_ready: false };
        let place = &mut self.places[place];
        place.backoff.started(now);
        if place.current.is_some() {
            place.replacement = Some(child);
        } else {
            place.current = Some(child);
        }
    }

    /// A child could not even be started there: as if it had died at once.
    pub(super) fn died_at_start(&mut self, place: usize, id: ChildId, now: Instant) -> End {
        self.started(place, id, now);
        self.ended(id, now)
    }

    /// A child works.
    pub(super) fn ready(&mut self, id: ChildId) {
        for place in &mut self.places {
            for child in place.current.iter_mut().chain(&mut place.replacement) {
                child.is_ready |= child.id == id;
            }
        }
    }

    /// A child has ended.
    pub(super) fn ended(&mut self, id: ChildId, now: Instant) -> End {
        if let Some(at) = self.leaving.iter().position(|leaving| *leaving == id) {
            self.leaving.swap_remove(at);
            return End::Wanted;
        }
        let is = |child: &Option<Child>| child.is_some_and(|child| child.id == id);
        let of_it = |place: &PoolPlace| is(&place.current) || is(&place.replacement);
        let Some(number) = self.places.iter().position(of_it) else { return End::Wanted };
        let place = &mut self.places[number];
        if is(&place.replacement) {
            place.replacement = None;
            self.give_up(number, Why::Ended);
            return End::Replacement { place: number };
        }
        place.current = place.replacement.take();
        if let (Some(_), Some(reload)) = (place.current, &mut self.reload) {
            // The new one has the place already.
            reload.place += 1;
        }
        if place.backoff.died(now) {
            self.acts.push(Act::Tell(News::Unhealthy(number)));
        }
        End::Unwanted { place: number, again_at: place.backoff.start_at().unwrap_or(now) }
    }

    /// What is to be done now; to be asked again once that is done, until there is nothing.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Act> {
        if !self.stops {
            self.go_on_reloading(now);
            for number in 0..self.places.len() {
                let place = &mut self.places[number];
                let steady_at = place.current.and_then(|child| child.steady_at());
                let is_steady = steady_at.is_some_and(|at| at <= now);
                if is_steady && place.backoff.has_deaths() && place.backoff.is_steady() {
                    self.acts.push(Act::Tell(News::Healthy(number)));
                }
                if place.current.is_none() && place.backoff.may_start(now) {
                    self.acts.push(Act::Start(number));
                }
            }
        }
        std::mem::take(&mut self.acts)
    }

    /// When [`Pool::due`] has something to say at the latest, unless something happens.
    pub(super) fn next(&self) -> Option<Instant> {
        let of_places = self.places.iter().filter_map(|place| match place.current {
            None => place.backoff.start_at(),
            Some(child) if place.backoff.has_deaths() => child.steady_at(),
            Some(_) => None,
        });
        let of_reload = self.reload.filter(|reload| reload.leaves.is_none()).and_then(|reload| {
            let place = self.places.get(reload.place)?;
            match place.replacement {
                Some(child) => Some(child.since + READY_WITHIN),
                None => place.backoff.start_at(),
            }
        });
        of_places.chain(of_reload).min()
    }

    /// One place at a time: the new child is ready before the old one is told to end, and has ended before the next place's turn
    /// comes. So there are as many as before all the time, and never more than one besides.
    fn go_on_reloading(&mut self, now: Instant) {
        while let Some(reload) = &mut self.reload {
            if let Some(leaves) = reload.leaves {
                if self.leaving.contains(&leaves) {
                    return;
                }
                reload.leaves = None;
                reload.place += 1;
            }
            let number = reload.place;
            let Some(place) = self.places.get_mut(number) else {
                let again = reload.again.then_some(Reload { place: 0, leaves: None, again: false });
                self.reload = again;
                if again.is_none() {
                    self.acts.push(Act::Tell(News::Reloaded));
                }
                continue;
            };
            let Some(current) = place.current else {
                // Nothing there to replace: whatever is started next is a new one.
                place.backoff.hurry();
                reload.place += 1;
                continue;
            };
            match place.replacement {
                None if place.backoff.may_start(now) => {
                    self.acts.push(Act::Start(number));
                    return;
                }
                None => return,
                Some(new) if new.is_ready => {
                    place.current = place.replacement.take();
                    reload.leaves = Some(current.id);
                    self.leave(current.id);
                }
                Some(new) if now >= new.since + READY_WITHIN => {
                    place.replacement = None;
                    self.leaving.push(new.id);
                    self.acts.push(Act::Kill(new.id));
                    self.give_up(number, Why::Late);
                }
                Some(_) => return,
            }
        }
    }

    fn give_up(&mut self, place: usize, why: Why) {
        self.reload = None;
        self.acts.push(Act::Tell(News::NotReplaced(place, why)));
    }

    fn leave(&mut self, id: ChildId) {
        self.leaving.push(id);
        self.acts.push(Act::Terminate(id));
    }
}

impl Child {
    /// When it has lived long enough; never, as long as it is not ready.
    fn steady_at(&self) -> Option<Instant> {
        self.is_ready.then(|| self.since + STEADY)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::BETWEEN_STARTS;
    use super::*;

    /// A pool on a clock of its own, and what it has asked for. Children are numbered as they are started.
    struct Run {
        pool: Pool,
        start: Instant,
        now: Instant,
        last: u64,
        /// Which place each start was for, and when.
        starts: Vec<(usize, Instant)>,
        ended: Vec<Act>,
        news: Vec<News>,
    }

    impl Run {
        fn begin(wanted: usize) -> Self {
            let now = Instant::now();
            let pool = Pool::new(wanted);
            let mut run = Self {
                pool,
                start: now,
                now,
                last: 0,
                starts: Vec::new(),
                ended: Vec::new(),
                news: Vec::new(),
            };
            run.act();
            run
        }

        /// All children are there and ready, a minute later.
        fn steady(wanted: usize) -> Self {
            let mut run = Self::begin(wanted);
            (1..=run.last).for_each(|id| run.pool.ready(ChildId(id)));
            run.pass(STEADY);
            run
        }

        /// Does what is due, as the supervisor does.
        fn act(&mut self) {
            loop {
                let acts = self.pool.due(self.now);
                if acts.is_empty() {
                    return;
                }
                for act in acts {
                    match act {
                        Act::Start(place) => {
                            self.last += 1;
                            self.pool.started(place, ChildId(self.last), self.now);
                            self.starts.push((place, self.now));
                        }
                        Act::Tell(news) => self.news.push(news),
                        act => self.ended.push(act),
                    }
                }
            }
        }

        /// Time passes, and each moment that the pool asked for is seen on the way.
        fn pass(&mut self, time: Duration) {
            let end = self.now + time;
            while let Some(next) = self.pool.next().filter(|next| *next <= end) {
                assert!(
                    next >= self.now,
                    "it asks for a moment that is over: it would turn in circles"
                );
                self.now = next;
                self.act();
            }
            self.now = end;
            self.act();
        }

        fn ready(&mut self, id: u64) {
            self.pool.ready(ChildId(id));
            self.act();
        }

        fn ends(&mut self, id: u64) -> End {
            let end = self.pool.ended(ChildId(id), self.now);
            self.act();
            end
        }

        fn reload(&mut self) {
            self.pool.reload();
            self.act();
        }
    }

    #[test]
    fn all_are_started_at_once_and_count_when_they_are_ready() {
        let mut run = Run::begin(3);
        assert_eq!((run.starts.len(), run.pool.wanted(), run.pool.actual()), (3, 3, 0));
        run.ready(2);
        assert_eq!(run.pool.actual(), 1);
    }

    /// T17: three of eight are killed, and at once there are eight again.
    #[test]
    fn killed_children_are_made_up_for_at_once() {
        let mut run = Run::steady(8);
        for id in [2, 5, 8] {
            assert!(matches!(run.ends(id), End::Unwanted { .. }));
        }
        let places: Vec<usize> = run.starts[8..].iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [1, 4, 7]);
        (9..=11).for_each(|id| run.ready(id));
        assert_eq!((run.pool.actual(), run.pool.unhealthy()), (8, 0));
    }

    /// T17: a place whose children die at once becomes unhealthy, and is started less and less often, never twice within a second.
    #[test]
    fn children_that_keep_dying_are_started_more_and_more_seldom() {
        let mut run = Run::begin(1);
        for _ in 0..600 {
            if run.pool.places[0].current.is_some() {
                run.ends(run.last);
            }
            run.pass(Duration::from_millis(500));
        }
        assert_eq!(run.news, [News::Unhealthy(0)]);
        let gaps: Vec<Duration> =
            run.starts.windows(2).map(|pair| pair[1].1.duration_since(pair[0].1)).collect();
        assert!(gaps.iter().all(|gap| *gap >= BETWEEN_STARTS), "{gaps:?}");
        assert!((10..20).contains(&gaps.len()), "in five minutes: {gaps:?}");
        let id = run.last;
        run.pass(Duration::from_secs(30));
        assert_eq!(run.pool.unhealthy(), 1);
        run.ready(run.last.max(id));
        run.pass(STEADY);
        assert_eq!(run.news, [News::Unhealthy(0), News::Healthy(0)]);
    }

    #[test]
    fn one_that_is_never_ready_makes_nothing_healthy() {
        let mut run = Run::begin(1);
        for _ in 0..5 {
            run.ends(run.last);
            run.pass(Duration::from_secs(10));
        }
        run.pass(STEADY * 10);
        assert_eq!(run.news, [News::Unhealthy(0)]);
    }

    /// T18: the new one is ready before the old one is told to end, and has the next place's turn wait until that has ended.
    #[test]
    fn a_reload_replaces_one_after_the_other_and_never_has_fewer() {
        let mut run = Run::steady(2);
        run.reload();
        assert_eq!((run.starts.len(), run.ended.len(), run.pool.actual()), (3, 0, 2));
        run.ready(3);
        assert_eq!(run.ended, [Act::Terminate(ChildId(1))]);
        assert_eq!((run.starts.len(), run.pool.actual()), (3, 2), "the old one has not ended yet");
        assert_eq!(run.ends(1), End::Wanted);
        assert_eq!(run.starts.len(), 4);
        run.ready(4);
        assert_eq!(run.ended[1], Act::Terminate(ChildId(2)));
        run.ends(2);
        assert_eq!((run.news.as_slice(), run.pool.actual()), ([News::Reloaded].as_slice(), 2));
        assert!(!run.pool.is_reloading());
    }

    #[test]
    fn a_new_child_that_ends_leaves_the_old_ones_as_they_are() {
        let mut run = Run::steady(2);
        run.reload();
        assert_eq!(run.ends(3), End::Replacement { place: 0 });
        assert_eq!(run.news, [News::NotReplaced(0, Why::Ended)]);
        run.pass(STEADY);
        assert_eq!((run.starts.len(), run.pool.actual(), run.ended.len()), (3, 2, 0));
    }

    #[test]
    fn a_new_child_that_is_not_ready_in_time_is_killed() {
        let mut run = Run::steady(2);
        run.reload();
        run.pass(READY_WITHIN);
        assert_eq!(run.ended, [Act::Kill(ChildId(3))]);
        assert_eq!(run.news, [News::NotReplaced(0, Why::Late)]);
        assert_eq!((run.ends(3), run.pool.actual()), (End::Wanted, 2));
    }

    #[test]
    fn a_reload_during_a_reload_begins_once_more_after_it() {
        let mut run = Run::steady(1);
        run.reload();
        run.reload();
        for (new, old) in [(2, 1), (3, 2)] {
            run.pass(BETWEEN_STARTS);
            run.ready(new);
            run.ends(old);
        }
        assert_eq!((run.news.as_slice(), run.starts.len()), ([News::Reloaded].as_slice(), 3));
    }

    #[test]
    fn an_old_child_that_dies_meanwhile_has_its_place_taken_by_the_new_one() {
        let mut run = Run::steady(2);
        run.reload();
        run.ends(1);
        run.ready(3);
        assert_eq!(run.pool.actual(), 2);
        run.ready(4);
        run.ends(2);
        assert_eq!((run.news.as_slice(), run.starts.len()), ([News::Reloaded].as_slice(), 4));
    }

    #[test]
    fn a_reload_ends_the_wait_of_a_place_that_has_no_child() {
        let mut run = Run::begin(1);
        for _ in 0..6 {
            run.ends(run.last);
            run.pass(Duration::from_secs(8));
        }
        let starts = run.starts.len();
        run.reload();
        run.pass(BETWEEN_STARTS);
        assert_eq!(run.starts.len(), starts + 1, "{:?}", run.now.duration_since(run.start));
    }

    #[test]
    fn fewer_places_end_their_children_and_more_places_start_some() {
        let mut run = Run::steady(3);
        run.pool.resize(1);
        run.act();
        assert_eq!(run.ended, [2, 3].map(|id| Act::Terminate(ChildId(id))));
        run.pool.resize(2);
        run.act();
        assert_eq!((run.starts.len(), run.ends(2), run.ends(3)), (4, End::Wanted, End::Wanted));
    }

    #[test]
    fn a_stop_ends_all_of_them_and_starts_nothing_more() {
        let mut run = Run::steady(2);
        run.reload();
        run.pool.stop();
        run.act();
        assert_eq!(run.ended, [1, 3, 2].map(|id| Act::Terminate(ChildId(id))));
        for id in [1, 2, 3] {
            assert!(!run.pool.is_over());
            assert_eq!(run.ends(id), End::Wanted);
        }
        run.reload();
        run.pass(STEADY);
        assert!(run.pool.is_over());
        assert_eq!(run.starts.len(), 3);
    }
}
