//! Workers that are to take no new work, to take it again, or to stop.

use axum::extract::State;
use axum::response::Response;
use windlass::worker::{Quiet, WorkerRecord};

use super::document::{WorkerBody, document};
use super::list::of;
use crate::access::{May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::name::Text;
use crate::problem::Problem;

/// Quiet a worker
///
/// It takes no new work from its next heartbeat on; what it runs goes on. A second call changes nothing.
#[utoipa::path(
    post,
    path = "/workers/{id}/quiet",
    tag = "workers",
    params(("id" = String, Path, description = "The worker's id or label.")),
    responses((status = 200, description = "The worker, as it was asked to be.", body = Document<WorkerBody>))
)]
pub(super) async fn quiet(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(id): Named<Text>,
) -> Result<Response, Problem> {
    ask(&api, &id, Quiet::On).await
}

/// Resume a worker
///
/// It takes work again from its next heartbeat on. A second call changes nothing.
#[utoipa::path(
    post,
    path = "/workers/{id}/resume",
    tag = "workers",
    params(("id" = String, Path, description = "The worker's id or label.")),
    responses((status = 200, description = "The worker, as it was asked to be.", body = Document<WorkerBody>))
)]
pub(super) async fn resume(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(id): Named<Text>,
) -> Result<Response, Problem> {
    ask(&api, &id, Quiet::Off).await
}

/// Stop a worker
///
/// As SIGTERM asks its process to stop: from its next heartbeat on it takes no new work, what runs may end within its grace, what
/// has not ended then is handed back, and it leaves. It cannot be taken back. A second call changes nothing.
#[utoipa::path(
    post,
    path = "/workers/{id}/stop",
    tag = "workers",
    params(("id" = String, Path, description = "The worker's id or label.")),
    responses((status = 200, description = "The worker, as it was asked to be.", body = Document<WorkerBody>))
)]
pub(super) async fn stop(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(id): Named<Text>,
) -> Result<Response, Problem> {
    let worker = of(&api, &id).await?;
    if !api.client().stop_worker(worker.id).await? {
        return Err(Problem::missing("the worker"));
    }
    Ok(ok(&document(&WorkerRecord { stopping: true, ..worker })))
}

async fn ask(api: &Api, name: &str, wish: Quiet) -> Result<Response, Problem> {
    let worker = of(api, name).await?;
    if !api.client().quiet(worker.id, wish).await? {
        return Err(Problem::missing("the worker"));
    }
    Ok(ok(&document(&WorkerRecord { quiet: wish == Quiet::On, ..worker })))
}
