//! Why a job is where it is: `explanation.v1`.

use axum::extract::State;
use axum::response::Response;
use windlass::{JobId, StoreError};

use super::{bounds, show};
use crate::access::{MayIn, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;
use crate::schema::explanation::Explanation;

/// Explain a job
///
/// Every gate between it and a worker, who holds it shut, and what happens next and when. Who is limited to some jobs is not told
/// which other ones are before it.
#[utoipa::path(
    get,
    path = "/jobs/{id}/explain",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "Why it is where it is.", body = Document<Explanation>))
)]
pub(super) async fn explain(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    show::of(&may, &api, id).await?;
    let mut explained = api.client().explain(id).await?.ok_or_else(|| StoreError::no_job(id))?;
    bounds::withhold(&may, api.client(), &mut explained).await?;
    Ok(ok(&Document::new("explanation.v1", explained)))
}
