//! One job.

use axum::extract::State;
use axum::response::Response;
use windlass::{JobId, JobRecord, StoreError};

use super::document::{JobBody, document};
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
    Ok(ok(&document(&of(&api, id).await?)))
}

/// The job with this id.
pub(super) async fn of(api: &Api, id: JobId) -> Result<JobRecord, Problem> {
    Ok(api.client().job(id).await?.ok_or_else(|| StoreError::no_job(id))?)
}
