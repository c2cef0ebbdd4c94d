//! How long events stay in the log.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::event::Keep;
use windlass::time::micros;

use crate::access::{May, Operate, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Body;
use crate::problem::Problem;

/// How long events are kept.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = EventKeep)]
pub struct EventKeepBody {
    /// So many microseconds at least, from when an event got its position; after that while a subscription or a job needs it.
    keep_us: i64,
    /// So many at most; absent where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_at_most_us: Option<i64>,
}

/// How long events are to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEventKeep {
    /// So many microseconds at least, from when an event got its position; at most 100 years.
    #[schema(maximum = 3_162_240_000_000_000_u64)]
    keep_us: u64,
    /// So many at most: then events go also where a subscription was not fed them yet, which gets a gap.
    #[schema(maximum = 3_162_240_000_000_000_u64)]
    keep_at_most_us: Option<u64>,
}

/// How long events are kept, as `event_keep.v1`.
#[must_use]
pub fn keep_document(keep: &Keep) -> Document<EventKeepBody> {
    Document::new("event_keep.v1", body(keep))
}

pub(super) fn body(keep: &Keep) -> EventKeepBody {
    EventKeepBody { keep_us: micros(keep.at_least), keep_at_most_us: keep.at_most.map(micros) }
}

/// Show how long events are kept
#[utoipa::path(
    get,
    path = "/events/keep",
    operation_id = "show_keep",
    tag = "events",
    responses((status = 200, description = "How long.", body = Document<EventKeepBody>))
)]
pub(super) async fn show(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    Ok(ok(&keep_document(&api.client().event_log().await?.keep)))
}

/// Set how long events are kept
///
/// What is over then goes in the next minutes. A second call with the same changes nothing.
#[utoipa::path(
    put,
    path = "/events/keep",
    operation_id = "put_keep",
    tag = "events",
    request_body = NewEventKeep,
    responses((status = 200, description = "How long from now on.", body = Document<EventKeepBody>))
)]
pub(super) async fn put(
    _may: May<Operate>,
    State(api): State<Api>,
    Body(wanted): Body<NewEventKeep>,
) -> Result<Response, Problem> {
    let at_most = wanted.keep_at_most_us.map(Duration::from_micros);
    let keep = Keep { at_least: Duration::from_micros(wanted.keep_us), at_most };
    keep.check().map_err(|refusal| Problem::body(String::new(), refusal.to_string()))?;
    api.client().keep_events(keep).await?;
    Ok(ok(&keep_document(&keep)))
}
