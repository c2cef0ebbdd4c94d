//! Walks over parts of the log, in pages.

use serde::Serialize;

use crate::client::Client;
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::id::EventId;
use crate::limits::ROUTE_EVENTS;
use crate::store::Store;
use crate::time::Timestamp;

/// What tells an event from others, without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventSummary {
    /// Its id.
    pub id: EventId,
    /// Its place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What has happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Where it comes from.
    pub source: String,
    /// What it has happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
}

impl From<&EventRecord> for EventSummary {
    fn from(event: &EventRecord) -> Self {
        Self {
            id: event.id,
            position: event.position,
            event_type: event.event_type.clone(),
            source: event.source.clone(),
            subject: event.subject.clone(),
            time: event.time,
        }
    }
}

/// Shows each event behind one position, up to another.
pub(super) async fn walk(
    store: &dyn Store,
    (mut after, to): (u64, u64),
    mut see: impl FnMut(&EventRecord),
) -> Result<(), StoreError> {
    while after < to {
        let most = usize::try_from(to - after).unwrap_or(usize::MAX).min(ROUTE_EVENTS);
        let page = store.events(after, most).await?;
        let Some(last) = page.last().and_then(|event| event.position) else { break };
        page.iter().filter(|event| event.position <= Some(to)).for_each(&mut see);
        after = last;
    }
    Ok(())
}

/// Moments and positions.
impl Client {
    /// The position behind which the first event is that got its own at this moment or later; the end of the log where there is
    /// none yet. [`Start::After`](super::Start::After) it, a subscription wants what came since. Moments are those of the
    /// store's clock.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn position_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let (mut before, mut end) = (0, self.store().event_log().await?.last);
        while before < end {
            let middle = before + (end - before) / 2;
            let event = self.store().events(middle, 1).await?.pop();
            match event.filter(|event| event.recorded_at < Some(moment)) {
                // It is behind the middle, so that this ends.
                Some(event) => before = event.position.unwrap_or(end).min(end),
                None => end = middle,
            }
        }
        Ok(before)
    }
}
