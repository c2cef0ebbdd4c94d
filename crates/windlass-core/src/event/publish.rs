//! Events through a client.

use super::{EventRecord, IntoEvent, LogRecord, Published};
use crate::client::Client;
use crate::error::StoreError;
use crate::id::EventId;
use crate::limits::LISTED;
use crate::store::Now;

/// Events.
impl Client {
    /// Publishes an event; committed when it returns. In a caller's transaction: `client.within(&mut tx).publish(…)`.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it cannot be stored, otherwise what kept the store from writing. After
    /// [`StoreError::Unknown`] it may be there or not: one with an id of its source's can be published again.
    pub async fn publish(&self, event: impl IntoEvent) -> Result<Published, StoreError> {
        let event = self.pipeline().prepare_event(event)?;
        let answers = self.store().publish(std::slice::from_ref(&event), Now::Database).await?;
        answers.into_iter().next().ok_or_else(|| no_answer(event.id))
    }

    /// Publishes events in one transaction, in this order, at most 10,000.
    ///
    /// # Errors
    /// As [`Client::publish`]: none was published then.
    pub async fn publish_all<E: IntoEvent>(
        &self,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Vec<Published>, StoreError> {
        let events = self.pipeline().prepare_events(events)?;
        self.store().publish(&events, Now::Database).await
    }

    /// One event.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn event(&self, id: EventId) -> Result<Option<EventRecord>, StoreError> {
        self.store().event(id).await
    }

    /// The events of the log behind this position, in order; at most 1,000.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn events(&self, after: u64, most: usize) -> Result<Vec<EventRecord>, StoreError> {
        self.store().events(after, most.min(LISTED)).await
    }

    /// How far the log reaches.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn event_log(&self) -> Result<LogRecord, StoreError> {
        self.store().event_log().await
    }
}

fn no_answer(event: EventId) -> StoreError {
    StoreError::Backend(format!("the store gave no answer for {event}").into())
}
