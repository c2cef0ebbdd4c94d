//! Publishing events, and trying them.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::event::{NewEvent, Published};
use windlass::{Client, EventId};

use super::explain::{EventExplanationBody, explanation};
use super::new::{NewEventBody, NewEventSchema};
use crate::access::{May, Publish, Read};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::extract::{JSON, read, type_of, whole};
use crate::idempotency::Ids;
use crate::limits::BATCH_EVENTS;
use crate::problem::Problem;
use crate::schema;
use crate::stores::Written;

/// A CloudEvent, as it calls itself.
const CLOUD: &str = "application/cloudevents+json";
/// An array of them.
const CLOUDS: &str = "application/cloudevents-batch+json";

/// What came of publishing an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Published)]
pub struct PublishedBody<'a> {
    /// The event that is there now.
    #[schema(value_type = schema::EventId)]
    id: EventId,
    answer: Fate,
    /// What has happened.
    r#type: &'a str,
    /// Where it comes from.
    source: &'a str,
    /// The id that its source gave it.
    given_id: Option<&'a str>,
    /// The store that it is in, where the server has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    store: Option<Arc<str>>,
}

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PublishAnswer)]
pub enum Fate {
    /// It is published.
    New,
    /// Its source has published one with its id before; nothing was written.
    Existing,
    /// The store keeps nothing.
    Discarded,
}

impl Fate {
    /// What came of an event that this client has published.
    #[must_use]
    pub fn of(published: Published, client: &Client) -> Self {
        match published {
            _ if client.discarded().is_some() => Self::Discarded,
            Published::New(_) => Self::New,
            Published::Existing(_) => Self::Existing,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Existing => "existing",
            Self::Discarded => "discarded",
        }
    }
}

/// What came of publishing an event, as `published.v1`.
#[must_use]
pub fn published(event: &NewEvent, (id, fate): (EventId, Fate)) -> Document<PublishedBody<'_>> {
    Document::new("published.v1", body(event, (id, fate), None))
}

fn body(
    event: &NewEvent,
    (id, answer): (EventId, Fate),
    store: Option<Arc<str>>,
) -> PublishedBody<'_> {
    let given_id = event.given.as_deref();
    PublishedBody { id, answer, r#type: &event.event_type, source: &event.source, given_id, store }
}

/// Events to be published together: all of them or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEvents {
    /// At most 1,000.
    #[schema(value_type = Vec<NewEventSchema>, max_items = 1000)]
    events: Vec<NewEventBody>,
}

/// What came of each, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublishedEvents<'a> {
    events: Vec<PublishedBody<'a>>,
}

/// The body of one event.
pub(super) struct One(NewEvent);

impl<S: Send + Sync> FromRequest<S> for One {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        type_of(request.headers(), &[JSON, CLOUD])?;
        let body: NewEventBody = read(&whole(request, state).await?)?;
        body.event("").map(Self)
    }
}

/// The body of many events.
pub(super) struct Many(Vec<NewEvent>);

impl<S: Send + Sync> FromRequest<S> for Many {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = type_of(request.headers(), &[JSON, CLOUDS])?;
        let bytes = whole(request, state).await?;
        let (events, at) = match form {
            CLOUDS => (read(&bytes)?, ""),
            _ => (read::<NewEvents>(&bytes)?.events, "/events"),
        };
        if events.len() > BATCH_EVENTS {
            let detail = format!("at most {BATCH_EVENTS} events at a time, found {}", events.len());
            return Err(Problem::body(at.to_owned(), detail));
        }
        let each = events.into_iter().enumerate();
        let each = each.map(|(nth, event): (_, NewEventBody)| event.event(&format!("{at}/{nth}")));
        each.collect::<Result<_, _>>().map(Self)
    }
}

/// Publish an event
///
/// It is committed when the answer comes. A request that is repeated with the same `source` and `id` publishes it once. A server
/// of several stores publishes it in the one that its routes say, and names it.
#[utoipa::path(
    post,
    path = "/events",
    operation_id = "publish",
    tag = "events",
    request_body(content(
        (NewEventSchema = "application/json"),
        (NewEventSchema = "application/cloudevents+json"),
    )),
    responses(
        (status = 201, description = "It is published.", body = Document<PublishedBody>),
        (status = 200, description = "Nothing new was written.", body = Document<PublishedBody>),
    )
)]
pub(super) async fn one(
    may: May<Publish>,
    State(api): State<Api>,
    ids: Ids,
    One(mut event): One,
) -> Result<Response, Problem> {
    event.given = event.given.or_else(|| ids.event(0));
    let written = api.for_events(&may.caller, std::slice::from_ref(&event)).await?;
    let Written { client, store } = written;
    let answer = client.publish(event.clone()).await?;
    let fate = Fate::of(answer, &client);
    let document = Document::new("published.v1", body(&event, (answer.id(), fate), store));
    Ok(if fate == Fate::New { created(&document) } else { ok(&document) })
}

/// Publish many events
///
/// All of them or none, in one transaction and in their order. Those whose `source` and `id` are known are not published again.
#[utoipa::path(
    post,
    path = "/events/batch",
    operation_id = "publish_many",
    tag = "events",
    request_body(content(
        (NewEvents = "application/json"),
        (Vec<NewEventSchema> = "application/cloudevents-batch+json"),
    )),
    responses((status = 200, description = "All are there.", body = Document<PublishedEvents>))
)]
pub(super) async fn many(
    may: May<Publish>,
    State(api): State<Api>,
    ids: Ids,
    Many(mut events): Many,
) -> Result<Response, Problem> {
    for (nth, event) in events.iter_mut().enumerate() {
        event.given = event.given.take().or_else(|| ids.event(nth));
    }
    let Written { client, store } = api.for_events(&may.caller, &events).await?;
    let answers = client.publish_all(events.clone()).await?;
    let told = events.iter().zip(answers).map(|(event, answer)| {
        body(event, (answer.id(), Fate::of(answer, &client)), store.clone())
    });
    let events = told.collect();
    Ok(ok(&Document::new("published_events.v1", PublishedEvents { events })))
}

/// Try an event
///
/// Who would get it if it were published now, and why the others would not. It is checked as it would be, and nothing is written.
#[utoipa::path(
    post,
    path = "/events/match",
    tag = "events",
    request_body(content(
        (NewEventSchema = "application/json"),
        (NewEventSchema = "application/cloudevents+json"),
    )),
    responses((status = 200, description = "Who would get it.", body = Document<EventExplanationBody>))
)]
pub(super) async fn r#match(
    may: May<Read>,
    State(api): State<Api>,
    One(event): One,
) -> Result<Response, Problem> {
    let explained = api.client_of(&may.caller).explain_unpublished(event).await?;
    let explained = api.redaction().event_explanation(explained);
    Ok(ok(&explanation(&explained)))
}
