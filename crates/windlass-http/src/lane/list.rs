//! Lanes.

use axum::extract::State;
use axum::response::Response;

use super::document::{LaneBody, lanes};
use crate::access::{May, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::page;
use crate::problem::Problem;

/// List lanes
///
/// Those that stand still behind a dead job, then those with waiting jobs, the longest first: of at most so many as are
/// looked at, all on one page.
#[utoipa::path(
    get,
    path = "/lanes",
    tag = "lanes",
    responses((status = 200, description = "The lanes.", body = Items<Document<LaneBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let seen = api.store().lanes().await?;
    let bodies = lanes(&seen).into_iter();
    Ok(page::whole(bodies.map(|body| Document::new("lane.v1", body)).collect()))
}
