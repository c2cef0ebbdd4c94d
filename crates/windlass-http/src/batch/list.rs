//! Finding batches.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::BatchId;
use windlass::batch::{BatchFilter, BatchRecord};
use windlass::limits::{KEY_BYTES, STEP_NAME_BYTES};

use super::document::{BatchBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::check;
use crate::extract::Asked;
use crate::page::{self, PageCursor};
use crate::problem::Problem;

/// Which batches or workflows, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listed {
    /// Those with this name.
    #[param(max_length = 128)]
    name: Option<String>,
    /// The one with this key.
    #[param(max_length = 1024)]
    key: Option<String>,
    /// `true`: those that have not ended; `false`: those that have.
    live: Option<bool>,
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
}

/// The batches of a page and one more, where the page begins, and how many it has.
pub(crate) async fn find_page(
    api: &Api,
    listed: Listed,
    is_workflow: Option<bool>,
) -> Result<(Vec<BatchRecord>, (PageCursor<BatchId>, usize)), Problem> {
    let Listed { name, key, live, limit, cursor } = listed;
    check::parameter("name", name.as_deref(), STEP_NAME_BYTES)?;
    check::parameter("key", key.as_deref(), KEY_BYTES)?;
    let size = page::size(limit)?;
    let place = PageCursor::of(cursor.as_deref())?;
    let before = place.start;
    let filter =
        BatchFilter { name, key, is_live: live, is_workflow, before, ..BatchFilter::default() };
    Ok((api.client().batches(&filter, size + 1).await?, (place, size)))
}

/// List batches
///
/// The newest first; workflows are batches, too.
#[utoipa::path(
    get,
    path = "/batches",
    tag = "batches",
    params(Listed),
    responses((status = 200, description = "A page of batches.", body = Items<Document<BatchBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(listed): Asked<Listed>,
) -> Result<Response, Problem> {
    let (found, (place, size)) = find_page(&api, listed, None).await?;
    Ok(page::answer(&found, (&place, size), |batch: &BatchRecord| batch.id, document))
}
