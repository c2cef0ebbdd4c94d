//! The event that a job comes of, as a row of the job's page and a member of its document.

use serde::Serialize;
use windlass::subscription::event_of;
use windlass::{Client, EventId, JobRecord, StoreError};

use crate::output::escape::in_one_line;

/// The args that are stored with such a job: none.
const NO_ARGS: &str = "null";

/// The event, and the subscription by which the job has come of it.
#[derive(Debug, Serialize)]
pub(super) struct OfEvent {
    id: EventId,
    position: u64,
    /// None where it is not kept any more.
    r#type: Option<String>,
    /// None where it was removed.
    subscription: Option<String>,
}

impl OfEvent {
    /// The event of a job, where it comes of one; the job's args become the event's data.
    pub(super) async fn of(
        client: &Client,
        job: &mut JobRecord,
    ) -> Result<Option<Self>, StoreError> {
        let Some(((position, number), parent)) = event_of(job.id).zip(job.parent) else {
            return Ok(None);
        };
        let id = EventId::from_uuid(parent.as_uuid());
        let event = client.event(id).await?;
        // The id may be a caller's own.
        let is_of = match &event {
            Some(event) => event.position == Some(position),
            None => job.args.as_str() == NO_ARGS,
        };
        if !is_of {
            return Ok(None);
        }
        let mut subscriptions = client.subscriptions().await?.into_iter();
        let subscription = subscriptions.find(|one| one.number == number).map(|one| one.name);
        let r#type = event.map(|event| {
            if let Some(data) = event.data.filter(|_| job.args.as_str() == NO_ARGS) {
                job.args = data;
            }
            event.event_type
        });
        Ok(Some(Self { id, position, r#type, subscription }))
    }

    /// The row: `order.paid at 1201, for the subscription receipts`, and its id.
    pub(super) fn row(&self) -> String {
        let Self { id, position, r#type, subscription } = self;
        let what = match r#type {
            Some(event_type) => format!("{} at position {position}", in_one_line(event_type)),
            None => format!("at position {position}, which is not kept any more"),
        };
        let whose = match subscription {
            Some(name) => format!("subscription {}", in_one_line(name)),
            None => "a subscription that was removed".to_owned(),
        };
        format!("{id}  {what}, by {whose}")
    }
}
