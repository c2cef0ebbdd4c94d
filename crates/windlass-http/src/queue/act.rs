//! Queues that are paused and go on.

use axum::extract::State;
use axum::response::Response;
use windlass::queue::Pause;

use super::document::QueueBody;
use super::list::now;
use crate::access::{May, Operate};
use crate::answer::Document;
use crate::api::Api;
use crate::ending::PauseBody;
use crate::extract::{MaybeBody, Named};
use crate::name::QueueName;
use crate::problem::Problem;

/// Pause a queue
///
/// No more of its jobs are given to workers; what runs goes on. A queue that nobody knows yet may be paused. Once more, it
/// gets the note and the end of the new request and stays paused.
#[utoipa::path(
    post,
    path = "/queues/{name}/pause",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128)),
    request_body = Option<PauseBody>,
    responses((status = 200, description = "The queue as it is now.", body = Document<QueueBody>))
)]
pub(super) async fn pause(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    MaybeBody(body): MaybeBody<PauseBody>,
) -> Result<Response, Problem> {
    let pause = body.apply(&api, Pause::queue(&*name)).await?;
    api.client().pause_with(pause).await?;
    now(&api, &name).await
}

/// Resume a queue
///
/// Its jobs are given to workers again. One that is not paused stays as it is, so that a second call changes nothing.
#[utoipa::path(
    post,
    path = "/queues/{name}/resume",
    tag = "queues",
    params(("name" = String, Path, description = "The queue's name.", max_length = 128)),
    responses((status = 200, description = "The queue as it is now.", body = Document<QueueBody>))
)]
pub(super) async fn resume(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<QueueName>,
) -> Result<Response, Problem> {
    api.client().resume(&name).await?;
    now(&api, &name).await
}
