//! Limits that are set and removed, and breakers that are closed.

use axum::extract::State;
use axum::response::Response;
use windlass::edit::Edit;
use windlass::limit::LimitOn;

use super::document::{BreakerClosedBody, LimitBody, LimitRemovedBody, breaker_closed, removed};
use super::list::{none, now, of};
use super::new::NewLimit;
use crate::access::{May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::conditional::{Expects, unless_stale};
use crate::ending::note;
use crate::extract::{Body, Named};
use crate::problem::Problem;

/// Set a limit
///
/// In place of the whole of what was set before, for all workers and from the next claim on; jobs that run count at once.
/// Neither code nor a file overwrites it. A second call with the same body changes only when it was set.
#[utoipa::path(
    put,
    path = "/limits/{on}",
    tag = "limits",
    params(("on" = String, Path, description = "What it is set for: queue:NAME, kind:NAME or key:NAME.")),
    request_body = NewLimit,
    responses((status = 200, description = "The limit as it is now.", body = Document<LimitBody>))
)]
pub(super) async fn set(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(on): Named<LimitOn>,
    Expects(expected): Expects,
    Body(mut body): Body<NewLimit>,
) -> Result<Response, Problem> {
    let note = note("/note", body.note.take())?;
    let limit = body.limit(on)?;
    let on = limit.on.clone();
    let edited = api.client().edit(&Edit::SetLimit(limit, note), &expected).await?;
    unless_stale(edited, format!("the limit for {on}"))?;
    now(&api, &on).await
}

/// Remove a limit
///
/// Jobs start as if it had not been there. Where none is set, as at a second call, it is not found.
#[utoipa::path(
    delete,
    path = "/limits/{on}",
    tag = "limits",
    params(("on" = String, Path, description = "What it is set for: queue:NAME, kind:NAME or key:NAME.")),
    responses((status = 200, description = "It is gone.", body = Document<LimitRemovedBody>))
)]
pub(super) async fn remove(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(on): Named<LimitOn>,
    Expects(expected): Expects,
) -> Result<Response, Problem> {
    let edited = api.client().edit(&Edit::RemoveLimit(on.clone()), &expected).await?;
    if unless_stale(edited, format!("the limit for {on}"))? {
        Ok(ok(&removed(&on)))
    } else {
        Err(none(&on))
    }
}

/// Close a breaker
///
/// Jobs start again at once, and the failures that it has counted are forgotten; of a name the breakers of all its keys.
/// Where none is open, as at a second call: 409.
#[utoipa::path(
    post,
    path = "/limits/{on}/close",
    tag = "limits",
    params(("on" = String, Path, description = "What it is set for: queue:NAME, kind:NAME or key:NAME.")),
    responses((status = 200, description = "It is closed.", body = Document<BreakerClosedBody>))
)]
pub(super) async fn close(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(on): Named<LimitOn>,
) -> Result<Response, Problem> {
    if api.client().close_breaker(&on).await? {
        return Ok(ok(&breaker_closed(&on)));
    }
    match of(&api, &on).await? {
        Some(_) => Err(Problem::conflict(format!("no breaker of {on} is open"))),
        None => Err(none(&on)),
    }
}
