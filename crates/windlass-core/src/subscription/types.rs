//! Which types of events there are, and who takes them.

use std::collections::BTreeMap;

use super::TypeIndex;
use super::walk::walk;
use crate::client::Client;
use crate::error::StoreError;
use crate::limits::TYPES_EVENTS;
use crate::time::Timestamp;

/// A type of events that was seen in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRecord {
    /// The type.
    pub event_type: String,
    /// How many events of it were seen.
    pub events: u64,
    /// The position of the last one.
    pub last: u64,
    /// When that got it.
    pub last_at: Option<Timestamp>,
    /// The subscriptions that take events of this type, all of them or some, in the order in which they were made.
    pub taken_by: Vec<String>,
}

/// The types of the end of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTypes {
    /// Events behind this position were looked at.
    pub after: u64,
    /// Up to this one, the end of the log.
    pub to: u64,
    /// Each type, by its name.
    pub types: Vec<TypeRecord>,
}

/// Types of events.
impl Client {
    /// The types of the last 10,000 events of the log, with the subscriptions that take each.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn event_types(&self) -> Result<SeenTypes, StoreError> {
        let subscriptions = self.subscriptions().await?;
        let to = self.store().event_log().await?.last;
        let after = to.saturating_sub(TYPES_EVENTS);
        let mut seen: BTreeMap<String, (u64, u64, Option<Timestamp>)> = BTreeMap::new();
        walk(&**self.store(), (after, to), |event| {
            let (events, last, last_at) = seen.entry(event.event_type.clone()).or_default();
            *events += 1;
            (*last, *last_at) = (event.position.unwrap_or_default(), event.recorded_at);
        })
        .await?;
        let mut index = TypeIndex::default();
        for (nth, one) in subscriptions.iter().enumerate() {
            index.insert(nth, &one.definition.filter);
        }
        let record = |(event_type, (events, last, last_at)): (String, (u64, u64, _))| {
            let mut takers: Vec<usize> = index.candidates(&event_type).copied().collect();
            takers.sort_unstable();
            let taken_by = takers.into_iter().map(|nth| subscriptions[nth].name.clone()).collect();
            TypeRecord { event_type, events, last, last_at, taken_by }
        };
        Ok(SeenTypes { after, to, types: seen.into_iter().map(record).collect() })
    }
}
