//! The types of the last events.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::subscription::{SeenTypes, TypeRecord};

use super::sequence;
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::problem::Problem;
use crate::schema;

/// The types of the last events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventTypes)]
pub struct EventTypesBody<'a> {
    /// Events behind this position were looked at.
    after: u64,
    /// Up to this one, the end of the log.
    to: u64,
    /// Each type, by its name.
    types: Vec<TypeBody<'a>>,
}

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
struct TypeBody<'a> {
    /// The type.
    r#type: &'a str,
    /// How many events of it were seen.
    events: u64,
    /// The position of the last one.
    last_position: u64,
    /// When that got it.
    #[schema(value_type = Option<schema::Moment>)]
    last_at: Option<Timestamp>,
    /// The subscriptions that take events of it, all or some.
    taken_by: &'a [String],
}

/// The types of the last events as `event_types.v1`.
#[must_use]
pub fn types_document(seen: &SeenTypes) -> Document<EventTypesBody<'_>> {
    let types = seen.types.iter().map(one).collect();
    Document::new("event_types.v1", EventTypesBody { after: seen.after, to: seen.to, types })
}

fn one(one: &TypeRecord) -> TypeBody<'_> {
    TypeBody {
        r#type: &one.event_type,
        events: one.events,
        last_position: one.last,
        last_at: one.last_at,
        taken_by: &one.taken_by,
    }
}

/// List types of events
///
/// Those of the last 10,000 events, each with the subscriptions that take it.
#[utoipa::path(
    get,
    path = "/event-types",
    tag = "events",
    responses((status = 200, description = "The types.", body = Document<EventTypesBody>))
)]
pub(super) async fn types(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    sequence(&api).await?;
    Ok(ok(&types_document(&api.client().event_types().await?)))
}
