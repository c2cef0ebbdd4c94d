//! Alerts through a client.

use super::{Alerts, Mute, MuteName};
use crate::client::Client;
use crate::error::StoreError;
use crate::store::Now;

/// Alerts.
impl Client {
    /// What lasts and has been told, or would be if it were not muted, and what is muted. It is looked for where a subscription
    /// wants it.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn alerts(&self) -> Result<Alerts, StoreError> {
        self.store().alerts().await
    }

    /// Mutes: what begins from now on is not told before the mute is over. What has been told is told to be over, too. Committed
    /// when it returns.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it cannot be stored, otherwise what kept the store from writing.
    pub async fn mute_alerts(&self, mute: &Mute) -> Result<(), StoreError> {
        mute.check()?;
        self.store().mute_alerts(mute, Now::Database).await
    }

    /// Ends a mute: what is a problem still is told at the next look. `false` where no person has muted this.
    ///
    /// # Errors
    /// What kept the store from writing.
    pub async fn unmute_alerts(&self, name: &MuteName) -> Result<bool, StoreError> {
        self.store().unmute_alerts(name).await
    }
}
