//! Windows that are due: which of them may close now.

use std::collections::{BTreeMap, BTreeSet};

use super::credit::Credit;
use super::feed::Round;
use super::{EventWindow, Progress, Router, SubscriptionRecord};
use crate::error::StoreError;
use crate::event::LogRecord;
use crate::limits::{CLOSE_EVENTS, CLOSE_WINDOWS};
use crate::time::Timestamp;

/// Windows that may close.
pub(super) struct Due {
    /// By the clock of the store.
    now: Timestamp,
    pub(super) windows: Vec<EventWindow>,
    /// Up to when those of them that are behind were fed.
    fed_until: BTreeMap<u32, Timestamp>,
}

impl Due {
    /// Up to when one was fed: what closes later is not whole yet.
    pub(super) fn until(&self, number: u32) -> Timestamp {
        self.fed_until.get(&number).map_or(self.now, |until| self.now.min(*until))
    }

    fn is_whole(&self, window: &EventWindow) -> bool {
        window.due_at <= self.until(window.number)
    }

    /// The first ones that are whole, as far as they have no more events than one transaction should write.
    fn few(mut self) -> Self {
        let mut windows = std::mem::take(&mut self.windows);
        let mut events = 0;
        windows.retain(|window| {
            let is_first = events == 0;
            let is_whole = self.is_whole(window);
            events += if is_whole { window.positions.len() } else { 0 };
            is_whole && (is_first || events <= CLOSE_EVENTS)
        });
        Self { windows, ..self }
    }
}

impl Round<'_> {
    /// The windows that are due of those who have room for a job, and who were fed all that belongs into them.
    pub(super) async fn due(
        &mut self,
        router: &Router,
        log: &LogRecord,
    ) -> Result<Due, StoreError> {
        let gathering: Vec<_> = router.gathering().collect();
        let mut except = self.without_room(&gathering).await?;
        let mut moments = BTreeMap::new();
        let (mut kept, mut is_held) = (Vec::new(), !except.is_empty());
        let mut fed_until = BTreeMap::new();
        loop {
            let page = self.store.due_windows(&except, CLOSE_WINDOWS, self.now).await?;
            let is_last = page.due.len() < CLOSE_WINDOWS;
            let owners: BTreeSet<u32> = page.due.iter().map(|window| window.number).collect();
            let owners: Vec<_> =
                owners.into_iter().filter_map(|number| router.of(number)).collect();
            for one in &owners {
                let until = self.fed_until(one, log, &mut moments).await?;
                fed_until.extend(until.map(|at| (one.number, at)));
            }
            let due = Due { now: page.now, windows: Vec::new(), fed_until };
            // Neither those of one without room, which was changed meanwhile, nor those that are not whole may stand before all others.
            let full = self.without_room(&owners).await?;
            is_held |= !full.is_empty();
            let waits = |window: &&EventWindow| !due.is_whole(window);
            let waiting: BTreeSet<u32> =
                page.due.iter().filter(waits).map(|window| window.number).collect();
            let may_close = page.due.into_iter().filter(|window| !full.contains(&window.number));
            if is_last || (full.is_empty() && waiting.is_empty()) {
                kept.extend(may_close);
                self.has_windows = page.next_at.is_some() || !except.is_empty() || !full.is_empty();
                self.fed.is_held |= is_held;
                let due_in = page.next_at.map(|at| at.since(due.now));
                self.fed.due_in = due_in.filter(|wait| !wait.is_zero());
                return Ok(Due { windows: kept, ..due }.few());
            }
            // Of the others the next page has these again.
            kept.extend(may_close.filter(|window| waiting.contains(&window.number)));
            except.extend(waiting.into_iter().chain(full).collect::<BTreeSet<u32>>());
            fed_until = due.fed_until;
        }
    }

    /// Up to when one that is behind was fed: when the next event got its position. What was read of events is kept beside.
    async fn fed_until(
        &self,
        one: &SubscriptionRecord,
        log: &LogRecord,
        moments: &mut BTreeMap<u64, Option<(u64, Timestamp)>>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (position, end) = match one.progress {
            Progress::Live => (log.routed, log.last),
            Progress::CatchingUp { position } => {
                (position, one.until.map_or(log.last, |until| until.min(log.last)))
            }
        };
        if position >= end {
            return Ok(None);
        }
        let next = match moments.get(&position) {
            Some(next) => *next,
            None => {
                let next = self.store.events(position, 1).await?.pop();
                let next = next.and_then(|event| event.position.zip(event.recorded_at));
                moments.insert(position, next);
                next
            }
        };
        Ok(next.filter(|(position, _)| *position <= end).map(|(_, at)| at))
    }

    /// Those of these who have no room for a job, or make none.
    async fn without_room(
        &mut self,
        those: &[&SubscriptionRecord],
    ) -> Result<Vec<u32>, StoreError> {
        let lacks = |credit: &Credit, one: &SubscriptionRecord| {
            credit.room(one).is_none_or(|room| room == 0)
        };
        let makes_jobs = |one: &SubscriptionRecord| one.definition.target.job().is_some();
        let doubtful: Vec<_> = those
            .iter()
            .copied()
            .filter(|one| makes_jobs(one) && lacks(self.credit, one))
            .collect();
        self.count(&doubtful).await?;
        let without = those.iter().filter(|one| !makes_jobs(one) || lacks(self.credit, one));
        Ok(without.map(|one| one.number).collect())
    }
}
