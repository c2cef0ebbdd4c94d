//! Put: subscriptions through a client.

use super::{
    EventWindow, GapRecord, Start, Subscription, SubscriptionRecord, SubscriptionRequest, Target,
};
use crate::client::Client;
use crate::error::{Refusal, StoreError};
use crate::limits::{KEYED_NAME_BYTES, PUBLISH_EVENTS, REQUESTS};
use crate::name::check_subscription;
use crate::store::{Now, Store};

/// Subscriptions.
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
        self.prepare_subscription(name, subscription, start).await?;
        self.store().put_subscription(name, subscription, start, Now::Database).await
    }

    pub(crate) async fn prepare_subscription(
        &self,
        name: &str,
        subscription: &Subscription,
        start: Start,
    ) -> Result<(), StoreError> {
        check_put(&**self.store(), name, subscription).await?;
        if start == Start::Now {
            // What is committed by now is not from now on, also where no worker has given it a position.
            let most = PUBLISH_EVENTS as u64;
            while self.store().sequence(PUBLISH_EVENTS, Now::Database).await? >= most {}
        }
        Ok(())
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

    /// What a subscription was not fed, and never will be.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn gaps(&self, of: &SubscriptionRecord) -> Result<Vec<GapRecord>, StoreError> {
        let gaps = self.store().gaps().await?;
        Ok(gaps.into_iter().filter(|gap| gap.number == of.number).collect())
    }

    /// Events of a subscription that wait for others, to become a job with them; those that are due first first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn event_windows(
        &self,
        of: &SubscriptionRecord,
    ) -> Result<Vec<EventWindow>, StoreError> {
        self.store().windows(of.number).await
    }

    /// All subscriptions.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn subscriptions(&self) -> Result<Vec<SubscriptionRecord>, StoreError> {
        Ok(self.store().subscriptions().await?.all)
    }

    /// Changes of subscriptions that were asked for by SQL: those that nobody who feeds has made yet, and those that were refused; at
    /// most [`REQUESTS`].
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn subscription_requests(&self) -> Result<Vec<SubscriptionRequest>, StoreError> {
        self.store().subscription_requests(REQUESTS).await
    }
}

/// Whether this may be stored under that name.
pub(super) async fn check_put(
    store: &dyn Store,
    name: &str,
    subscription: &Subscription,
) -> Result<(), StoreError> {
    check_subscription(name).map_err(Refusal::from)?;
    subscription.check()?;
    let has_keys = subscription.lane.is_some() || matches!(subscription.target, Target::Signal(_));
    if has_keys && name.len() > KEYED_NAME_BYTES {
        let what = "the name of a subscription with keys of events";
        return Err(Refusal::Key { what, bytes: name.len(), limit: KEYED_NAME_BYTES }.into());
    }
    keeps_what_waits(store, name, subscription).await
}

/// What waits for others to become a job with them cannot become anything else.
async fn keeps_what_waits(
    store: &dyn Store,
    name: &str,
    subscription: &Subscription,
) -> Result<(), StoreError> {
    if subscription.target.job().is_some() {
        return Ok(());
    }
    let before = store.subscriptions().await?.all.into_iter().find(|one| one.name == name);
    let Some(before) = before else { return Ok(()) };
    if store.windows(before.number).await?.is_empty() {
        return Ok(());
    }
    let what = format!(
        "events of {name} wait to become a job together: let it make jobs until they have, or remove it"
    );
    Err(StoreError::Conflict { what })
}
