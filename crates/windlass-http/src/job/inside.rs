//! What a job's attempts were, and what its handler has done and said.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::JobId;
use windlass::progress::{Progress, ProgressRecord};

use super::document::{AttemptBody, attempt};
use super::show;
use crate::access::{MayIn, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::{Asked, Named};
use crate::limits::{LARGEST_LOG, LOG};
use crate::page;
use crate::problem::Problem;
use crate::schema::inside::{LogLine, Progress as ProgressSchema, Step};

/// How many log lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many, the last ones; 100 unless given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
}

/// List a job's attempts
///
/// Past ones that did not complete it, the oldest first and all that are kept on one page; the one that runs, or completed it,
/// is in the job itself.
#[utoipa::path(
    get,
    path = "/jobs/{id}/attempts",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "Its attempts.", body = Items<Document<AttemptBody>>))
)]
pub(super) async fn attempts(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    let job = show::of(&may, &api, id).await?;
    let past = job.history.iter().map(|one| Document::new("attempt.v1", attempt(one)));
    Ok(page::whole(past.collect()))
}

/// List a job's steps
///
/// What its handler has done and does not do again, in their order and all on one page.
#[utoipa::path(
    get,
    path = "/jobs/{id}/steps",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "Its steps.", body = Items<Document<Step>>))
)]
pub(super) async fn steps(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    let job = show::of(&may, &api, id).await?;
    let steps = api.redaction().steps(&job, api.client().steps(id).await?);
    Ok(page::whole(steps.iter().map(|step| Document::new("step.v1", step)).collect()))
}

/// Show a job's progress
///
/// How far it is by its handler's account, and its last checkpoint; nothing of either where the handler has told nothing.
#[utoipa::path(
    get,
    path = "/jobs/{id}/progress",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "How far it is.", body = Document<ProgressSchema>))
)]
pub(super) async fn progress(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    let job = show::of(&may, &api, id).await?;
    let nothing = ProgressRecord {
        checkpoint: None,
        checkpoint_at: None,
        progress: Progress::default(),
        attempt: None,
        at: None,
    };
    let progress = api.client().progress(id).await?.unwrap_or(nothing);
    let progress = api.redaction().progress(&job, progress).into_inner();
    Ok(ok(&Document::new("progress.v1", progress)))
}

/// List a job's log lines
///
/// The last ones, of all attempts, the oldest first.
#[utoipa::path(
    get,
    path = "/jobs/{id}/log",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id."), Wanted),
    responses((status = 200, description = "Its log lines.", body = Items<Document<LogLine>>))
)]
pub(super) async fn log(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let most = page::within(wanted.limit.unwrap_or(LOG), LARGEST_LOG)?;
    show::of(&may, &api, id).await?;
    let lines = api.client().log(id, most).await?;
    Ok(page::whole(lines.iter().map(|line| Document::new("log_line.v1", line)).collect()))
}
