//! Kinds that are paused and go on.

use axum::extract::State;
use axum::response::Response;
use windlass::queue::Pause;

use super::document::KindBody;
use super::list::now;
use crate::access::{May, Operate};
use crate::answer::Document;
use crate::api::Api;
use crate::ending::PauseBody;
use crate::extract::{MaybeBody, Named};
use crate::name::KindName;
use crate::problem::Problem;

/// Pause a kind
///
/// No more of its jobs are given to workers, in no queue; what runs goes on. A kind that nobody knows yet may be paused.
/// Once more, it gets the note and the end of the new request and stays paused.
#[utoipa::path(
    post,
    path = "/kinds/{kind}/pause",
    tag = "kinds",
    params(("kind" = String, Path, description = "The kind.", max_length = 128)),
    request_body = Option<PauseBody>,
    responses((status = 200, description = "The kind as it is now.", body = Document<KindBody>))
)]
pub(super) async fn pause(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(kind): Named<KindName>,
    MaybeBody(body): MaybeBody<PauseBody>,
) -> Result<Response, Problem> {
    let pause = body.apply(&api, Pause::kind(&*kind)).await?;
    api.client().pause_with(pause).await?;
    now(&api, &kind).await
}

/// Resume a kind
///
/// Its jobs are given to workers again. One that is not paused stays as it is, so that a second call changes nothing.
#[utoipa::path(
    post,
    path = "/kinds/{kind}/resume",
    tag = "kinds",
    params(("kind" = String, Path, description = "The kind.", max_length = 128)),
    responses((status = 200, description = "The kind as it is now.", body = Document<KindBody>))
)]
pub(super) async fn resume(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(kind): Named<KindName>,
) -> Result<Response, Problem> {
    api.client().resume_kind(&kind).await?;
    now(&api, &kind).await
}
