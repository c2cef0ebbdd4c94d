//! Feeding: what subscriptions have not got yet, a part of the log at a time.

use std::time::Duration;

use super::credit::{Credit, by_subscription};
use super::pace::Pacing;
use super::route::Room;
use super::tell::{Teller, Told};
use super::{Reach, Routed, Router, Slice, SubscriptionRecord, event_of, request};
use crate::error::StoreError;
use crate::event::LogRecord;
use crate::job::NewJob;
use crate::limits::{CATCH_UP_EVENTS, ROUTE_EVENTS};
use crate::store::{Now, Store};

/// Feeds subscriptions what they have not got yet, a part of the log at a time. One process does it for all; where two do, one of
/// them writes nothing.
#[derive(Debug, Default)]
pub struct Feed {
    router: Option<Router>,
    credit: Credit,
    pacing: Pacing,
    teller: Teller,
    /// Whether windows may be open.
    has_windows: bool,
    /// How far the log was fed when the last round ended: elsewhere somebody else has fed since.
    left: Option<Reach>,
    /// Rounds since one had something for those that are live.
    quiet: u32,
}

/// After so many rounds without anything for those that are live nothing is expected for them.
const QUIET: u32 = 50;

/// What came of a round of [`Feed::round`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fed {
    /// Events that got their positions.
    pub sequenced: u64,
    /// Positions by which those that are live, or one that catches up, have come further.
    pub routed: u64,
    /// Jobs that were written.
    pub jobs: u64,
    /// Whether there may be more to do at once.
    pub is_behind: bool,
    /// Whether one gets nothing more until some of its jobs have ended, or another transaction that keeps its signals waiting.
    pub is_held: bool,
    /// When the next window is due, where one is open and not due yet.
    pub due_in: Option<Duration>,
}

impl Feed {
    /// One that gives those that catch up as much as they have room for, whatever their pace: for tests of applications.
    #[must_use]
    pub fn without_pace() -> Self {
        Self { pacing: Pacing::off(), ..Self::default() }
    }

    /// One bounded round: positions for what was published, the next part of the log for each that catches up, and the next part
    /// for those that are live.
    ///
    /// # Errors
    /// What kept the store from reading or writing. The next round goes on where this one ended.
    pub async fn round(&mut self, store: &dyn Store, now: Now) -> Result<Fed, StoreError> {
        let mut fed = Fed { sequenced: store.sequence(ROUTE_EVENTS, now).await?, ..Fed::default() };
        fed.is_behind = fed.sequenced > 0;
        let mut log = store.event_log().await?;
        if log.has_requests {
            fed.is_behind |= request::answer(store, now).await?;
            log = store.event_log().await?;
        }
        if self.left.take().is_some_and(|left| left != log.reach()) {
            self.credit = Credit::default();
        }
        let mut router = match self.router.take().filter(|router| router.is_of(log.revision)) {
            Some(router) => router,
            None => {
                // One may have been changed whose events have waited for each other.
                self.has_windows = true;
                Router::new(store.subscriptions().await?)
            }
        };
        let most = self.most(&log);
        let (credit, teller, reach) = (&mut self.credit, &mut self.teller, log.reach());
        let (come, has_windows) = (Vec::new(), self.has_windows);
        let pacing = &mut self.pacing;
        let mut round =
            Round { store, now, credit, pacing, teller, fed, reach, most, come, has_windows };
        // One that is about to reach those that are live goes first. Had they gone on before, it would never reach them while
        // events come.
        let is_near = |position: u64| log.routed.saturating_sub(position) <= most;
        let mut is_changed = round.close(&router, &log).await?
            || round.catch_up(&router, &log, is_near).await?
            || round.live(&router, &log).await?
            || round.catch_up(&router, &log, |position| !is_near(position)).await?;
        for (number, position) in round.come {
            is_changed |= !router.has_come(number, position);
        }
        self.left = Some(round.reach);
        self.has_windows = round.has_windows;
        let fed = round.fed;
        self.router = Some(router).filter(|_| !is_changed);
        Ok(fed)
    }

    /// How many events one that catches up gets in this round: few while there are some for those that are live, which wait
    /// meanwhile; more than come for these, so that it reaches them.
    fn most(&mut self, log: &LogRecord) -> u64 {
        let live = log.last.saturating_sub(log.routed);
        self.quiet = if live > 0 { 0 } else { self.quiet.saturating_add(1) };
        let least = if self.quiet > QUIET { ROUTE_EVENTS } else { CATCH_UP_EVENTS };
        (2 * live).clamp(least as u64, ROUTE_EVENTS as u64)
    }
}

fn makes_jobs(one: &SubscriptionRecord) -> bool {
    one.definition.target.job().is_some()
}

/// One round under way.
pub(super) struct Round<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) now: Now,
    pub(super) credit: &'a mut Credit,
    pacing: &'a mut Pacing,
    teller: &'a mut Teller,
    pub(super) fed: Fed,
    /// How far those that are live were fed.
    reach: Reach,
    /// Events of one that catches up.
    most: u64,
    /// The last position of each that has caught up so far.
    come: Vec<(u32, u64)>,
    /// Whether windows are open.
    pub(super) has_windows: bool,
}

impl Round<'_> {
    /// Feeds those that catch up and stand where this says; whether the subscriptions are others now.
    async fn catch_up(
        &mut self,
        router: &Router,
        log: &LogRecord,
        stands_there: impl Fn(u64) -> bool,
    ) -> Result<bool, StoreError> {
        let behind = router.behind().filter(|(_, position)| stands_there(*position));
        let behind: Vec<_> = behind.collect();
        let short =
            |one: &&SubscriptionRecord| self.credit.room(one).is_none_or(|room| room < self.most);
        let short: Vec<_> = behind
            .iter()
            .map(|(one, _)| *one)
            .filter(|one| makes_jobs(one))
            .filter(short)
            .collect();
        self.count(&short).await?;
        for (one, position) in behind {
            if self.teller.leaves_alone(one.number) {
                self.fed.is_held = true;
                continue;
            }
            let room = match makes_jobs(one) {
                true => self.credit.room(one).unwrap_or_default(),
                false => u64::MAX,
            };
            let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            let paced = self.pacing.room(one, self.now);
            let room = Room { jobs: whole(room), events: whole(paced) };
            let end = one.until.map_or(log.routed, |until| until.min(log.routed));
            let most = end.saturating_sub(position).min(self.most);
            let is_held = room.is_none() && most > 0;
            self.fed.is_held |= is_held;
            if is_held || (most == 0 && self.stays(one, position, log).await?) {
                continue;
            }
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let mut events = self.store.events(position, most).await?;
            let last = events.last().and_then(|event| event.position);
            // Those that are there up to its end, or as many as were asked for.
            let reaches = last.filter(|last| events.len() == most && *last < end).unwrap_or(end);
            events.retain(|event| event.position <= Some(end));
            let slice = router.catch_up(one, (position, &events), reaches, room);
            if let Some(slice) = &slice {
                match self.teller.tell(self.store, slice, self.now).await? {
                    Told::Without(untold) if untold.is_empty() => {}
                    Told::Without(_) => {
                        self.fed.is_held = true;
                        continue;
                    }
                    Told::Stale => {
                        self.fed.is_behind = true;
                        return Ok(true);
                    }
                }
            }
            let to = slice.as_ref().map_or(position, |slice| slice.to.position);
            if self.write(slice).await?.is_some_and(|routed| routed != Routed::Done) {
                return Ok(true);
            }
            self.come.push((one.number, to));
        }
        Ok(false)
    }

    /// Whether one that gets nothing has nothing to do either: it is not over, and not to be handed over.
    async fn stays(
        &self,
        one: &SubscriptionRecord,
        position: u64,
        log: &LogRecord,
    ) -> Result<bool, StoreError> {
        Ok(match one.until {
            // One that is to be handed over only behind an event of which the others have got their part stays too.
            None => position < log.routed + u64::from(log.part >= one.number),
            // A replay may end behind what is there.
            Some(until) if position < until => true,
            // It ends with its last window.
            Some(_) => self.has_windows && !self.store.windows(one.number).await?.is_empty(),
        })
    }

    /// Feeds those that are live; whether they are others now.
    async fn live(&mut self, router: &Router, log: &LogRecord) -> Result<bool, StoreError> {
        if log.routed >= log.last {
            return Ok(false);
        }
        let events = self.store.events(log.routed, ROUTE_EVENTS).await?;
        let Some(mut slice) = router.route(&events, log) else { return Ok(false) };
        slice.full = self.full(router, &slice).await?;
        match self.teller.tell(self.store, &slice, self.now).await? {
            Told::Without(untold) => slice.full.extend(untold),
            Told::Stale => {
                self.fed.is_behind = true;
                return Ok(true);
            }
        }
        if !slice.full.is_empty() {
            let is_full = |job: &NewJob| {
                event_of(job.id).is_some_and(|(_, number)| slice.full.contains(&number))
            };
            slice.jobs.retain(|job| !is_full(job));
            slice.gathered.retain(|more| !slice.full.contains(&more.window.number));
        }
        let is_changed = !slice.full.is_empty();
        self.write(Some(slice)).await?;
        Ok(is_changed)
    }

    /// Those that have no room for their jobs.
    async fn full(&mut self, router: &Router, slice: &Slice) -> Result<Vec<u32>, StoreError> {
        let mut wanted = by_subscription(&slice.jobs);
        // Their windows have room while there is some for a job.
        wanted.extend(slice.gathered.iter().map(|more| (more.window.number, 1)));
        let of = |number: &u32| router.of(*number);
        let lacks = |credit: &Credit, one: &&SubscriptionRecord| {
            let jobs = wanted.get(&one.number).copied().unwrap_or_default();
            credit.room(one).is_none_or(|room| room < jobs)
        };
        let doubtful: Vec<_> =
            wanted.keys().filter_map(of).filter(|one| lacks(self.credit, one)).collect();
        self.count(&doubtful).await?;
        let full = doubtful.into_iter().filter(|one| lacks(self.credit, one));
        Ok(full.map(|one| one.number).collect())
    }

    pub(super) async fn count(&mut self, those: &[&SubscriptionRecord]) -> Result<(), StoreError> {
        if those.is_empty() {
            return Ok(());
        }
        let counted = |one: &&SubscriptionRecord| (one.number, one.definition.most_unfinished());
        let counted: Vec<_> = those.iter().map(counted).collect();
        let numbers = self.store.unfinished(&counted).await?;
        for ((number, _), unfinished) in counted.into_iter().zip(numbers) {
            self.credit.counted(number, unfinished);
        }
        Ok(())
    }

    async fn write(&mut self, slice: Option<Slice>) -> Result<Option<Routed>, StoreError> {
        let Some(slice) = slice else { return Ok(None) };
        let routed = self.store.route(&slice, self.now).await?;
        // Behind the last one there is nothing to do until there is room.
        self.fed.is_behind |= slice.to != slice.from || routed != Routed::Done;
        if routed == Routed::Stale {
            // Somebody else may have written jobs that are not counted here.
            *self.credit = Credit::default();
        } else {
            self.credit.written(&slice.jobs);
            self.pacing.written(&slice);
            if routed == Routed::Live {
                self.pacing.forget(slice.number);
            }
            self.reach = if slice.number.is_none() { slice.to } else { self.reach };
            self.fed.routed += slice.to.position - slice.from.position;
            self.fed.jobs += slice.jobs.len() as u64;
            self.has_windows |= !slice.gathered.is_empty();
        }
        Ok(Some(routed))
    }
}
