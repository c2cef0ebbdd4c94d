//! One operation.

use axum::extract::State;
use axum::response::Response;
use windlass::OperationId;

use super::document::{OperationBody, document};
use super::named::find;
use crate::access::{MayIn, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;

/// Show an operation
///
/// How it stands, and how far it is.
#[utoipa::path(
    get,
    path = "/operations/{id}",
    tag = "operations",
    params(("id" = String, Path, description = "The operation's id.")),
    responses((status = 200, description = "The operation.", body = Document<OperationBody>))
)]
pub(super) async fn show(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<OperationId>,
) -> Result<Response, Problem> {
    Ok(ok(&document(&find(&may, &api, id).await?)))
}
