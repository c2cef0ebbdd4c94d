//! The event that a job comes of, as a member of its document.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::subscription::event_of;
use windlass::{Client, EventId, JobRecord, StoreError};

use crate::schema;

/// The args that are stored with such a job: none.
const NO_ARGS: &str = "null";

/// The event, and the subscription by which the job has come of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventOfJob)]
pub struct OfEvent {
    /// The event.
    #[schema(value_type = schema::EventId)]
    pub id: EventId,
    /// Its position in the log.
    pub position: u64,
    /// Its type; null where it is not kept any more.
    pub r#type: Option<String>,
    /// The subscription; null where it was removed.
    pub subscription: Option<String>,
}

impl OfEvent {
    /// The event of a job, where it comes of one; the job's args become the event's data.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn of(client: &Client, job: &mut JobRecord) -> Result<Option<Self>, StoreError> {
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
            // Jobs that were written before the type marked anything have none of it.
            let own = &mut job.meta.redact;
            let marks = event.meta.redact.into_iter().filter(|mark| !own.contains(mark));
            let marks: Vec<String> = marks.collect();
            own.extend(marks);
            if let Some(data) = event.data.filter(|_| job.args.as_str() == NO_ARGS) {
                job.args = data;
            }
            event.event_type
        });
        Ok(Some(Self { id, position, r#type, subscription }))
    }
}
