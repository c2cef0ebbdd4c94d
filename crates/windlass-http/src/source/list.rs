//! All sources, and one.

use axum::extract::State;
use axum::response::Response;

use super::document::{SourceBody, SourceWithGapsBody, document, with_gaps};
use super::{Name, find};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::page;
use crate::problem::Problem;

/// Gaps that are shown with a source.
const GAPS: usize = 20;

/// List sources
///
/// All of them, by name.
#[utoipa::path(
    get,
    path = "/sources",
    tag = "sources",
    responses((status = 200, description = "All sources.", body = Items<Document<SourceBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let records = api.client().sources().await?;
    let items: Vec<_> = records.iter().map(document).collect();
    Ok(page::whole(items))
}

/// Show a source
///
/// With the last 20 gaps of its feed.
#[utoipa::path(
    get,
    path = "/sources/{name}",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    responses((status = 200, description = "The source.", body = Document<SourceWithGapsBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    let record = find(&api, &name).await?;
    let gaps = api.client().source_gaps(&name, GAPS).await?;
    Ok(ok(&with_gaps(&record, &gaps)))
}
