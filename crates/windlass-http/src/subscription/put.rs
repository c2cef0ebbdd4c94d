//! Making, changing and removing subscriptions.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::edit::{Edit, Edition};
use windlass::filter::Path;
use windlass::subscription::{EventKey, Subscription, Target};

use super::definition::SubscriptionDraft;
use super::document::{SubscriptionBody, document};
use super::{Name, find, none};
use crate::access::{May, Operate};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::conditional::{Expects, of_edition, unless_stale};
use crate::extract::{Body, Named};
use crate::filter::{check_places, check_wanted};
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
    Expects(expected): Expects,
    Body(draft): Body<SubscriptionDraft>,
) -> Result<Response, Problem> {
    let (subscription, start) = draft.read()?;
    let keys = [subscription.lane.as_ref(), signal(&subscription)].into_iter().flatten();
    let draft_places: Vec<Path> = keys.filter_map(EventKey::data_path).collect();
    check_wanted(&api, &subscription.filter)?;
    check_places(&api, draft_places.iter())?;
    let start = start.resolve(api.client()).await?;
    let edit = Edit::PutSubscription(name.clone(), Box::new(subscription), start);
    let is_new = unless_stale(api.client().edit(&edit, &expected).await?, described(&name))?;
    let record = find(&api, &name).await?;
    let log = api.client().event_log().await?;
    let document = document(&record, &log, None);
    let answer = if is_new { created(&document) } else { ok(&document) };
    Ok(of_edition(answer, &Edition::of_subscription(&record)))
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
    Expects(expected): Expects,
) -> Result<Response, Problem> {
    let edit = Edit::RemoveSubscription(name.clone());
    match unless_stale(api.client().edit(&edit, &expected).await?, described(&name))? {
        true => Ok(ok(&removed(&name))),
        false => Err(none(&name)),
    }
}

/// What its signals are told by, where it tells any.
const fn signal(subscription: &Subscription) -> Option<&EventKey> {
    match &subscription.target {
        Target::Signal(key) => Some(key),
        Target::Job(_) | Target::Event(_) => None,
    }
}

fn described(name: &str) -> String {
    format!("the subscription {name}")
}
