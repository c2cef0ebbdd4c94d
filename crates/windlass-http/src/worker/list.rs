//! Workers, and one of them.

use axum::extract::State;
use axum::response::Response;
use windlass::worker::WorkerRecord;

use super::document::{WorkerBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::name::Text;
use crate::page;
use crate::problem::Problem;

/// List workers
///
/// Those that are registered, the oldest first and all on one page.
#[utoipa::path(
    get,
    path = "/workers",
    tag = "workers",
    responses((status = 200, description = "The workers.", body = Items<Document<WorkerBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let workers = api.client().workers().await?;
    Ok(page::whole(workers.iter().map(document).collect()))
}

/// Show a worker
///
/// One that stopped, or died and was taken off the list, is not found.
#[utoipa::path(
    get,
    path = "/workers/{id}",
    tag = "workers",
    params(("id" = String, Path, description = "The worker's id or label.")),
    responses((status = 200, description = "The worker.", body = Document<WorkerBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(id): Named<Text>,
) -> Result<Response, Problem> {
    Ok(ok(&document(&of(&api, &id).await?)))
}

/// The worker with this id or label.
pub(super) async fn of(api: &Api, name: &str) -> Result<WorkerRecord, Problem> {
    let id = name.parse().ok();
    let fits = |worker: &WorkerRecord| worker.label == name || Some(worker.id) == id;
    let found = api.client().workers().await?.into_iter().find(fits);
    found.ok_or_else(|| Problem::missing("the worker"))
}
