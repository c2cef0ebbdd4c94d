//! Operations, newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::document::{OperationBody, document};
use super::named::sees;
use crate::access::{MayIn, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::extract::Asked;
use crate::page::{self, PageCursor};
use crate::problem::Problem;

/// Which page of the operations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
}

/// List operations
///
/// The newest first. Who is limited to some queues, kinds or tags gets those that are about these alone: a page may have fewer than
/// were asked for.
#[utoipa::path(
    get,
    path = "/operations",
    tag = "operations",
    params(Listed),
    responses((status = 200, description = "A page of operations.", body = Items<Document<OperationBody>>))
)]
pub(super) async fn list(
    may: MayIn<Read>,
    State(api): State<Api>,
    Asked(listed): Asked<Listed>,
) -> Result<Response, Problem> {
    let size = page::size(listed.limit)?;
    let place = PageCursor::of(listed.cursor.as_deref())?;
    // One more than asked for tells whether there is another page.
    let found = api.client().operations(place.start, size + 1).await?;
    let page = &found[..found.len().min(size)];
    let next = page.last().filter(|_| found.len() > size).map(|last| last.id);
    let shown = page.iter().filter(|one| sees(&may, one)).map(document).collect();
    Ok(page::items(shown, (&place, next)))
}
