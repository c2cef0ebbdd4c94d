//! The limits that are set.

use axum::extract::State;
use axum::response::Response;
use windlass::limit::{LimitOn, LimitRecord};

use super::document::{LimitBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::page;
use crate::problem::Problem;

/// List limits
///
/// Those that are set, with what of them is used, all on one page.
#[utoipa::path(
    get,
    path = "/limits",
    tag = "limits",
    responses((status = 200, description = "The limits.", body = Items<Document<LimitBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let limits = api.client().limits().await?;
    Ok(page::whole(limits.iter().map(document).collect()))
}

/// The limit that is set for this, where there is one.
pub(super) async fn of(api: &Api, on: &LimitOn) -> Result<Option<LimitRecord>, Problem> {
    Ok(api.client().limits().await?.into_iter().find(|record| record.limit.on == *on))
}
