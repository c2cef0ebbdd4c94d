//! All subscriptions, and one.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::edit::Edition;
use windlass::subscription::{RequestedChange, SubscriptionRequest};

use super::document::{Alone, SubscriptionBody, document};
use super::{Name, find};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::conditional::of_edition;
use crate::extract::Named;
use crate::problem::Problem;
use crate::schema;

/// All subscriptions, and what was asked for by SQL.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscriptions<'a> {
    #[serde(flatten)]
    all: Items<Document<SubscriptionBody<'a>>>,
    /// Changes that were asked for by SQL: those that no worker has made yet, and those that were refused.
    requests: Vec<RequestBody<'a>>,
}

/// A change of a subscription that was asked for by SQL.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionRequest)]
struct RequestBody<'a> {
    /// The subscription.
    name: &'a str,
    change: ChangeWord,
    /// With `put`: what it is to be, as the text that was given.
    definition: Option<&'a str>,
    /// With `put`: behind which position a new one begins.
    after: Option<u64>,
    /// When it was asked for.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// Why it was refused; null while it waits for a worker that leads.
    error: Option<&'a str>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SubscriptionChange)]
enum ChangeWord {
    Put,
    Pause,
    Resume,
    Remove,
}

fn request(request: &SubscriptionRequest) -> RequestBody<'_> {
    let (change, put) = match &request.change {
        RequestedChange::Put { definition, after } => (ChangeWord::Put, Some((definition, after))),
        RequestedChange::Pause => (ChangeWord::Pause, None),
        RequestedChange::Resume => (ChangeWord::Resume, None),
        RequestedChange::Remove => (ChangeWord::Remove, None),
    };
    RequestBody {
        name: &request.name,
        change,
        definition: put.map(|(definition, _)| definition.as_str()),
        after: put.map(|(_, after)| *after),
        at: request.at,
        error: request.error.as_deref(),
    }
}

/// List subscriptions
///
/// All of them, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/subscriptions",
    tag = "subscriptions",
    responses((status = 200, description = "All subscriptions.", body = Subscriptions))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let records = api.client().subscriptions().await?;
    let log = api.client().event_log().await?;
    let asked = api.client().subscription_requests().await?;
    let items = records.iter().map(|record| document(record, &log, None)).collect();
    let all = Items { items, next: None, prev: None, has_more: false };
    Ok(ok(&Subscriptions { all, requests: asked.iter().map(request).collect() }))
}

/// Show a subscription
///
/// With the events that wait to become a job together, and what it was not fed.
#[utoipa::path(
    get,
    path = "/subscriptions/{name}",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    responses((status = 200, description = "The subscription.", body = Document<SubscriptionBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    let record = find(&api, &name).await?;
    let log = api.client().event_log().await?;
    let windows = api.client().event_windows(&record).await?;
    let gaps = api.client().gaps(&record).await?;
    let alone = Alone { windows: &windows, gaps: &gaps };
    let shown = ok(&document(&record, &log, Some(alone)));
    Ok(of_edition(shown, &Edition::of_subscription(&record)))
}
