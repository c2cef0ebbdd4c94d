//! Alerts.

use axum::extract::State;
use axum::response::Response;

use super::document::{AlertsBody, Look, document};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::problem::Problem;

/// List alerts
///
/// What lasts and was told, or would be, and what is muted.
#[utoipa::path(
    get,
    path = "/alerts",
    tag = "alerts",
    responses((status = 200, description = "The alerts and the mutes.", body = Document<AlertsBody>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    Ok(ok(&document(&Look::of(api.client(), api.redaction()).await?)))
}
