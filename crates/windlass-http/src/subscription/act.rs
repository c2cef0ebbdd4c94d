//! Pausing subscriptions.

use axum::extract::State;
use axum::response::Response;

use super::document::{SubscriptionBody, document};
use super::{Name, find, none};
use crate::access::{May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::Problem;

/// Pause a subscription
///
/// It stands still until it is resumed; its events stay in the log, and it misses none. A second call changes nothing.
#[utoipa::path(
    post,
    path = "/subscriptions/{name}/pause",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    responses((status = 200, description = "It as it is now.", body = Document<SubscriptionBody>))
)]
pub(super) async fn pause(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    let is_there = api.client().pause_subscription(&name).await?;
    now(&api, &name, is_there).await
}

/// Resume a subscription
///
/// It goes on where it stood still. One that is not paused goes on as before.
#[utoipa::path(
    post,
    path = "/subscriptions/{name}/resume",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    responses((status = 200, description = "It as it is now.", body = Document<SubscriptionBody>))
)]
pub(super) async fn resume(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    let is_there = api.client().resume_subscription(&name).await?;
    now(&api, &name, is_there).await
}

async fn now(api: &Api, name: &str, is_there: bool) -> Result<Response, Problem> {
    if !is_there {
        return Err(none(name));
    }
    let record = find(api, name).await?;
    let log = api.client().event_log().await?;
    Ok(ok(&document(&record, &log, None)))
}
