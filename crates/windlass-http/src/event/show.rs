//! One event.

use axum::extract::State;
use axum::response::Response;

use super::EventName;
use super::document::{EventBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;

/// Show an event
#[utoipa::path(
    get,
    path = "/events/{id}",
    tag = "events",
    params(("id" = String, Path, description = "The event's id, or its position in the log.")),
    responses((status = 200, description = "The event.", body = Document<EventBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(event): Named<EventName>,
) -> Result<Response, Problem> {
    let event = api.redaction().event(event.find(&api).await?);
    Ok(ok(&document(&event)))
}
