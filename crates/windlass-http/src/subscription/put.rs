//! Making, changing and removing subscriptions.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::definition::SubscriptionDraft;
use super::document::{SubscriptionBody, document};
use super::{Name, find, none};
use crate::access::{May, Operate};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::problem::Problem;

/// A subscription that is removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionRemoved)]
pub struct SubscriptionRemovedBody<'a> {
    /// Its name.
    name: &'a str,
}

/// A subscription that is removed, as `subscription_removed.v1`.
#[must_use]
pub const fn removed(name: &str) -> Document<SubscriptionRemovedBody<'_>> {
    Document::new("subscription_removed.v1", SubscriptionRemovedBody { name })
}

/// Make or change a subscription
///
/// One that is there is as the body says from now on, and goes on where it is. A second call with the same changes nothing.
#[utoipa::path(
    put,
    path = "/subscriptions/{name}",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    request_body = SubscriptionDraft,
    responses(
        (status = 201, description = "It is made.", body = Document<SubscriptionBody>),
        (status = 200, description = "It was there, and is so now.", body = Document<SubscriptionBody>),
    )
)]
pub(super) async fn put(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    Body(draft): Body<SubscriptionDraft>,
) -> Result<Response, Problem> {
    let (subscription, start) = draft.read()?;
    let start = start.resolve(api.client()).await?;
    let is_new = api.client().subscribe(&name, &subscription, start).await?;
    let record = find(&api, &name).await?;
    let log = api.client().event_log().await?;
    let document = document(&record, &log, None);
    Ok(if is_new { created(&document) } else { ok(&document) })
}

/// Remove a subscription
///
/// Its jobs stay. A second call finds none: 404.
#[utoipa::path(
    delete,
    path = "/subscriptions/{name}",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    responses((status = 200, description = "It is gone.", body = Document<SubscriptionRemovedBody>))
)]
pub(super) async fn remove(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    match api.client().unsubscribe(&name).await? {
        true => Ok(ok(&removed(&name))),
        false => Err(none(&name)),
    }
}
