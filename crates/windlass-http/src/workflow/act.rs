//! Finding workflows, starting them, and what is done to one.

use axum::extract::State;
use axum::response::Response;
use windlass::batch::{BatchFilter, BatchRecord};

use super::document::{WorkflowBody, document};
use super::new::NewWorkflow;
use crate::access::{Enqueue, May, Operate, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::batch::{self, BatchBody, BatchName, StartedBody};
use crate::batch::{BatchCancelledBody, BatchRetriedBody, WhyBatch};
use crate::extract::{Asked, Body, MaybeBody, Named};
use crate::page;
use crate::problem::{Code, Problem};

/// List workflows
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/workflows",
    tag = "workflows",
    params(batch::Listed),
    responses((status = 200, description = "A page of workflows.", body = Items<Document<BatchBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(listed): Asked<batch::Listed>,
) -> Result<Response, Problem> {
    let (found, (place, size)) = batch::find_page(&api, listed, Some(true)).await?;
    Ok(page::answer(&found, (&place, size), |one: &BatchRecord| one.id, batch::summary))
}

/// Start a workflow
///
/// With all its steps, in one transaction, in the store that all of them belong to. A request that is repeated with the same `key` or `id` writes nothing, and answers with the
/// workflow that is there.
#[utoipa::path(
    post,
    path = "/workflows",
    tag = "workflows",
    request_body = NewWorkflow,
    responses(
        (status = 201, description = "It was written.", body = Document<StartedBody>),
        (status = 200, description = "It was there.", body = Document<StartedBody>),
    )
)]
pub(super) async fn start(
    may: May<Enqueue>,
    State(api): State<Api>,
    Body(body): Body<NewWorkflow>,
) -> Result<Response, Problem> {
    let answer = api.start(&may.caller, body.workflow()?).await?;
    Ok(batch::started("workflow_started.v1", answer))
}

/// Show a workflow
///
/// With its steps: states, times, what comes after what, and what blocks it.
#[utoipa::path(
    get,
    path = "/workflows/{id}",
    tag = "workflows",
    params(("id" = String, Path, description = "The workflow's id, or its key.")),
    responses((status = 200, description = "The workflow.", body = Document<WorkflowBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
) -> Result<Response, Problem> {
    let id = name.find(&api).await?.id;
    let gone = || Problem::new(Code::NotFound, format!("{id} was removed just now"));
    let record = api.client().workflow(id).await?.ok_or_else(gone)?;
    let undoing = BatchFilter { undoes: Some(id), ..BatchFilter::default() };
    let undoing = match api.client().batches(&undoing, 1).await?.pop() {
        Some(batch) => api.client().workflow(batch.id).await?,
        None => None,
    };
    Ok(ok(&document(&record, undoing.as_ref())))
}

/// Cancel a workflow
///
/// All its steps that have not ended; those that run are told to end. A second call finds none of them.
#[utoipa::path(
    post,
    path = "/workflows/{id}/cancel",
    tag = "workflows",
    params(("id" = String, Path, description = "The workflow's id, or its key.")),
    request_body = Option<WhyBatch>,
    responses((status = 200, description = "How many are cancelled.", body = Document<BatchCancelledBody>))
)]
pub(super) async fn cancel(
    may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
    MaybeBody(why): MaybeBody<WhyBatch>,
) -> Result<Response, Problem> {
    batch::cancel_of(&may, &api, (name, why)).await
}

/// Retry a workflow
///
/// Its dead steps run again, and those behind them go on. Where none is dead, or it is undone, that is 409.
#[utoipa::path(
    post,
    path = "/workflows/{id}/retry",
    tag = "workflows",
    params(("id" = String, Path, description = "The workflow's id, or its key.")),
    responses((status = 200, description = "How many run again.", body = Document<BatchRetriedBody>))
)]
pub(super) async fn retry(
    may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
) -> Result<Response, Problem> {
    batch::retry_of(&may, &api, name).await
}
