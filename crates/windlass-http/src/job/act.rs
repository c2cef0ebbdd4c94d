//! What is done to one job.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use windlass::job::{Cancelled, Moved, Retried};
use windlass::{JobId, StoreError};

use super::bounds;
use super::document::JobBody;
use super::show::{self, now};
use crate::access::{MayIn, Operate};
use crate::answer::Document;
use crate::api::Api;
use crate::ending::note;
use crate::extract::{Body, MaybeBody, Named};
use crate::problem::{Code, Problem};

/// Why a job is cancelled.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// For people; it is kept with the job. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

/// Where a job goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Whither {
    /// The queue.
    queue: String,
}

/// Cancel a job
///
/// One that runs is told to end. One that has ended already stays as it is: 409.
#[utoipa::path(
    post,
    path = "/jobs/{id}/cancel",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    request_body = Option<Why>,
    responses((status = 200, description = "The job as it is now.", body = Document<JobBody>))
)]
pub(super) async fn cancel(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
    MaybeBody(why): MaybeBody<Why>,
) -> Result<Response, Problem> {
    let reason = note("/reason", why.reason)?;
    let reason = reason.unwrap_or_else(|| format!("cancelled by {}", may.caller.name()));
    show::of(&may, &api, id).await?;
    match first(api.client().cancel(&[id], &reason).await?)? {
        Cancelled::Missing => Err(StoreError::no_job(id).into()),
        Cancelled::Ended(state) => Err(conflict(id, &format!("has ended: it is {state}"))),
        _ => now(&may, &api, id).await,
    }
}

/// Retry a job
///
/// It is available at once, whatever it waits for or how it ended, with its failures at zero and its history kept.
#[utoipa::path(
    post,
    path = "/jobs/{id}/retry",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, description = "The job as it is now.", body = Document<JobBody>))
)]
pub(super) async fn retry(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
) -> Result<Response, Problem> {
    show::of(&may, &api, id).await?;
    match first(api.client().retry(&[id]).await?)? {
        Retried::Missing => Err(StoreError::no_job(id).into()),
        Retried::Held(other) => {
            let other = bounds::name(&may, api.client(), other).await?;
            Err(conflict(id, &format!("has a unique key that {other} holds")))
        }
        Retried::Undone(batch) => {
            Err(conflict(id, &format!("is a step of {batch}, which is undone")))
        }
        _ => now(&may, &api, id).await,
    }
}

/// Move a job
///
/// To another queue, in the state and at the place in line that it has. One that runs or has ended stays: 409.
#[utoipa::path(
    post,
    path = "/jobs/{id}/move",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id.")),
    request_body = Whither,
    responses((status = 200, description = "The job as it is now.", body = Document<JobBody>))
)]
pub(super) async fn r#move(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
    Body(whither): Body<Whither>,
) -> Result<Response, Problem> {
    let job = show::of(&may, &api, id).await?;
    may.check_place(&whither.queue, &job.kind)?;
    match first(api.client().move_jobs(&[id], &whither.queue).await?)? {
        Moved::Missing => Err(StoreError::no_job(id).into()),
        Moved::Left(state) => Err(conflict(id, &format!("cannot be moved: it is {state}"))),
        _ => now(&may, &api, id).await,
    }
}

fn conflict(id: JobId, what: &str) -> Problem {
    Problem::conflict(format!("{id} {what}"))
}

fn first<T>(answers: Vec<T>) -> Result<T, Problem> {
    let nothing = || Problem::new(Code::Internal, "the store gave no answer");
    answers.into_iter().next().ok_or_else(nothing)
}
