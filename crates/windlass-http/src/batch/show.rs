//! One batch.

use axum::extract::State;
use axum::response::Response;

use super::document::{BatchWithMembersBody, with_members};
use super::{BatchName, Members};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;

/// Jobs that are shown with a batch.
const MEMBERS: usize = 25;

/// Show a batch
///
/// With its first 25 jobs; all are in its members.
#[utoipa::path(
    get,
    path = "/batches/{id}",
    tag = "batches",
    params(("id" = String, Path, description = "The batch's id, or its key.")),
    responses((status = 200, description = "The batch.", body = Document<BatchWithMembersBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
) -> Result<Response, Problem> {
    let record = name.find(&api).await?;
    let members = Members::of(api.client(), record.id, (None, MEMBERS)).await?;
    Ok(ok(&with_members(&record, &members)))
}
