//! Bugs of stores with events.

use std::sync::PoisonError;

use super::{Sabotage, SabotagedStore};
use crate::fault::forward::forward;
use crate::fault::forward::names::*;

impl SabotagedStore {
    /// Which events are really published by a call that wants these.
    fn published(&self, events: &[NewEvent]) -> Vec<NewEvent> {
        let mut events = events.to_vec();
        match self.sabotage {
            Sabotage::LosesEvents => drop(events.remove(0)),
            Sabotage::ForgetsGivenEventIds => {
                events.iter_mut().for_each(|event| event.given = None);
            }
            Sabotage::PublishesLate => {
                let mut late = self.unpublished.lock().unwrap_or_else(PoisonError::into_inner);
                let last = std::mem::replace(&mut *late, events.clone());
                if !last.is_empty() {
                    // Those of the call before, behind those of this one.
                    late.clear();
                    events.extend(last);
                    return events;
                }
                return Vec::new();
            }
            _ => {}
        }
        events
    }

    /// What is really written of a part of the log.
    fn routed(&self, slice: &Slice) -> Slice {
        let mut slice = slice.clone();
        match self.sabotage {
            Sabotage::FeedsTooLittle if slice.jobs.len() > 1 => drop(slice.jobs.pop()),
            Sabotage::ForgetsLanesOfEvents => {
                slice.jobs.iter_mut().for_each(|job| job.meta.lane = None);
            }
            _ => {}
        }
        slice
    }
}

impl EventStore for SabotagedStore {
    fn publish<'a>(&'a self, events: &'a [NewEvent], now: Now) -> Reply<'a, Vec<Published>> {
        Box::pin(async move {
            let answers = self.store.publish(&self.published(events), now).await?;
            let is_honest = answers.len() == events.len() && !self.has(Sabotage::LosesEvents);
            let lie = || events.iter().map(|event| Published::New(event.id)).collect();
            Ok(if is_honest { answers } else { lie() })
        })
    }

    fn events(&self, after: u64, most: usize) -> Reply<'_, Vec<EventRecord>> {
        Box::pin(async move {
            let mut events = self.store.events(after, most).await?;
            if self.has(Sabotage::HidesEvents) && events.len() > 1 {
                let is_seen = |event: &EventRecord| event.position.is_none_or(|at| at % 3 > 0);
                events.retain(is_seen);
            }
            Ok(events)
        })
    }

    fn keep_events(&self, keep: Keep) -> Reply<'_, ()> {
        let at_least =
            if self.has(Sabotage::KeepsTooShort) { Duration::ZERO } else { keep.at_least };
        self.store.keep_events(Keep { at_least, ..keep })
    }

    forward!(sequence events_by_name event_heads);
}

impl SubscriptionStore for SabotagedStore {
    fn unfinished<'a>(&'a self, counted: &'a [(u32, u32)]) -> Reply<'a, Vec<u64>> {
        Box::pin(async move {
            let mut unfinished = self.store.unfinished(counted).await?;
            if self.has(Sabotage::ForgetsCredit) {
                unfinished.fill(0);
            }
            Ok(unfinished)
        })
    }

    fn route<'a>(&'a self, slice: &'a Slice, now: Now) -> Reply<'a, Routed> {
        Box::pin(async move { self.store.route(&self.routed(slice), now).await })
    }

    fn close_windows<'a>(&'a self, closing: &'a Closing, now: Now) -> Reply<'a, bool> {
        Box::pin(async move {
            let mut closing = closing.clone();
            if self.has(Sabotage::ClosesTooFew) {
                closing.jobs.pop();
            }
            self.store.close_windows(&closing, now).await
        })
    }

    forward!(subscriptions gaps);
}
