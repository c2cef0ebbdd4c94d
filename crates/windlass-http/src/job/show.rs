//! One job.

use axum::extract::State;
use axum::response::Response;
use windlass::{JobId, JobRecord, StoreError};

use super::document::{JobBody, document_of};
use super::event::OfEvent;
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;

/// Show a job
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "The job.", body = Document<JobBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    now(&api, id).await
}

/// The job as it is now, with the event that it comes of.
pub(super) async fn now(api: &Api, id: JobId) -> Result<Response, Problem> {
    answer(api, of(api, id).await?).await
}

/// A job with the event that it comes of.
pub(super) async fn answer(api: &Api, mut job: JobRecord) -> Result<Response, Problem> {
    let event = OfEvent::of(api.client(), &mut job).await?;
    Ok(ok(&document_of(&job, event.as_ref())))
}

/// The job with this id.
pub(super) async fn of(api: &Api, id: JobId) -> Result<JobRecord, Problem> {
    Ok(api.client().job(id).await?.ok_or_else(|| StoreError::no_job(id))?)
}
