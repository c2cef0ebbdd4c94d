//! Subscriptions through a client, and feeding them.

use super::{Routed, Router, Slice, Start, Subscription, SubscriptionRecord};
use crate::client::Client;
use crate::error::{Refusal, StoreError};
use crate::limits::ROUTE_EVENTS;
use crate::name::check_subscription;
use crate::store::{Now, Store};

/// Subscriptions. Not shown yet: no worker feeds them.
#[doc(hidden)]
impl Client {
    /// Makes a subscription, which begins there, or changes what the one with this name is, which goes on where it is; whether it
    /// is new. What it is already changes nothing. Committed when it returns.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it cannot be stored, otherwise what kept the store from writing.
    pub async fn subscribe(
        &self,
        name: &str,
        subscription: &Subscription,
        start: Start,
    ) -> Result<bool, StoreError> {
        check_subscription(name).map_err(Refusal::from)?;
        subscription.check()?;
        self.store().put_subscription(name, subscription, start, Now::Database).await
    }

    /// Removes a subscription; `false` where there is none. The jobs that have come of it stay.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn unsubscribe(&self, name: &str) -> Result<bool, StoreError> {
        self.store().remove_subscription(name).await
    }

    /// Has a subscription stand still until [`Client::resume_subscription`]; `false` where there is none. Its events stay in the
    /// log meanwhile, and it misses none.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn pause_subscription(&self, name: &str) -> Result<bool, StoreError> {
        self.store().pause_subscription(name, Now::Database).await
    }

    /// Has a subscription go on where it stood still; `false` where there is none. One that was not paused goes on as before.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn resume_subscription(&self, name: &str) -> Result<bool, StoreError> {
        self.store().resume_subscription(name).await
    }

    /// One subscription.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn subscription(&self, name: &str) -> Result<Option<SubscriptionRecord>, StoreError> {
        Ok(self.subscriptions().await?.into_iter().find(|one| one.name == name))
    }

    /// All subscriptions.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn subscriptions(&self) -> Result<Vec<SubscriptionRecord>, StoreError> {
        Ok(self.store().subscriptions().await?.all)
    }
}

/// Feeds subscriptions what they have not got yet, a part of the log at a time. One process does it for all; where two do, one of
/// them writes nothing.
#[derive(Debug, Default)]
pub struct Feed {
    router: Option<Router>,
}

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
}

impl Feed {
    /// One bounded round: positions for what was published, the next part of the log for each that catches up, and the next part
    /// for those that are live.
    ///
    /// # Errors
    /// What kept the store from reading or writing. The next round goes on where this one ended.
    pub async fn round(&mut self, store: &dyn Store, now: Now) -> Result<Fed, StoreError> {
        let mut fed = Fed { sequenced: store.sequence(ROUTE_EVENTS, now).await?, ..Fed::default() };
        fed.is_behind = fed.sequenced > 0;
        let log = store.event_log().await?;
        let router = match self.router.take().filter(|router| router.is_of(log.revision)) {
            Some(router) => router,
            None => Router::new(store.subscriptions().await?),
        };
        let mut is_behind = false;
        for (one, position) in router.behind() {
            is_behind = true;
            let most = usize::try_from(log.routed.saturating_sub(position)).unwrap_or(usize::MAX);
            let events = store.events(position, most.min(ROUTE_EVENTS)).await?;
            let slice = router.catch_up(one, (position, &events));
            if fed.write(store, slice, now).await? == Some(Routed::Live) {
                // Those that are live are others now. Had they gone first, it would never reach them while events come.
                return Ok(fed);
            }
        }
        if log.routed < log.last {
            let events = store.events(log.routed, ROUTE_EVENTS).await?;
            fed.write(store, router.route(&events, &log), now).await?;
        }
        // Where one catches up, its place is read again.
        self.router = Some(router).filter(|_| !is_behind);
        Ok(fed)
    }
}

impl Fed {
    async fn write(
        &mut self,
        store: &dyn Store,
        slice: Option<Slice>,
        now: Now,
    ) -> Result<Option<Routed>, StoreError> {
        let Some(slice) = slice else { return Ok(None) };
        self.is_behind = true;
        let routed = store.route(&slice, now).await?;
        if routed != Routed::Stale {
            self.routed += slice.to - slice.from;
            self.jobs += slice.jobs.len() as u64;
        }
        Ok(Some(routed))
    }
}
