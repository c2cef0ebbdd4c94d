//! One job.

use axum::extract::State;
use axum::response::Response;
use windlass::{JobId, JobRecord, StoreError};

use super::document::{JobBody, document_of};
use super::event::OfEvent;
use crate::access::{MayIn, Read};
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
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    now(&may, &api, id).await
}

/// The job as it is now, with the event that it comes of.
pub(super) async fn now<N>(may: &MayIn<N>, api: &Api, id: JobId) -> Result<Response, Problem> {
    answer(api, of(may, api, id).await?).await
}

/// A job with the event that it comes of.
pub(super) async fn answer(api: &Api, mut job: JobRecord) -> Result<Response, Problem> {
    let event = OfEvent::of(api.client(), &mut job).await?;
    let event_type = event.as_ref().and_then(|event| event.r#type.as_deref());
    let job = api.redaction().job_of(job, event_type);
    Ok(ok(&document_of(&job, event.as_ref())))
}

/// The job with this id, where it is among those that the caller is limited to.
pub(super) async fn of<N>(may: &MayIn<N>, api: &Api, id: JobId) -> Result<JobRecord, Problem> {
    let found = api.client().job(id).await?.filter(|job| may.sees(job));
    Ok(found.ok_or_else(|| StoreError::no_job(id))?)
}
