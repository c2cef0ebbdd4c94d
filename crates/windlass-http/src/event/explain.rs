//! Who gets an event, and why the others do not.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::JobId;
use windlass::redact::Shown;
use windlass::subscription::{Decision, EventExplanation, Together};

use super::EventName;
use super::document::{EventSummaryBody, summary_of};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::{Code, Problem};
use crate::schema;

/// Who gets an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventExplanation)]
pub struct EventExplanationBody<'a> {
    #[serde(flatten)]
    event: EventSummaryBody<'a>,
    /// Every subscription, in the order in which they were made.
    subscriptions: Vec<DecisionBody<'a>>,
}

/// What one subscription makes of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventDecision)]
struct DecisionBody<'a> {
    /// The subscription.
    name: &'a str,
    /// Whether it wants the event.
    wants: bool,
    /// What it makes of it.
    #[schema(value_type = schema::Answer)]
    answer: &'static str,
    /// The clause of its filter that decided; empty where it wants every event.
    clause: &'a str,
    /// Why, in words.
    why: &'a str,
    /// The job that has come of it.
    #[schema(value_type = Option<schema::JobId>)]
    job: Option<JobId>,
    /// The state of that job.
    #[schema(value_type = Option<schema::State>)]
    state: Option<windlass::State>,
    /// The key of the signal, or the type of the event, that comes of it.
    made: Option<&'a str>,
    /// Events that are in its job too, or wait to be.
    others: Option<u64>,
    /// The position of the later event that has replaced it.
    replaced_by: Option<u64>,
}

/// Who gets an event, or would, as `event_explanation.v1`.
#[must_use]
pub fn explanation(explained: &Shown<EventExplanation>) -> Document<EventExplanationBody<'_>> {
    let event = summary_of(&explained.event);
    let subscriptions = explained.decisions.iter().map(decision).collect();
    Document::new("event_explanation.v1", EventExplanationBody { event, subscriptions })
}

fn decision(decision: &Decision) -> DecisionBody<'_> {
    let (others, replaced_by) = match decision.together {
        Some(Together::With(others)) => (Some(others), None),
        Some(Together::ReplacedBy(position)) => (None, Some(position)),
        _ => (None, None),
    };
    DecisionBody {
        name: &decision.subscription,
        wants: decision.answer.wants(),
        answer: decision.answer.word(),
        clause: &decision.explanation.clause,
        why: &decision.explanation.words,
        job: decision.answer.job(),
        state: decision.state,
        made: decision.made.as_deref(),
        others,
        replaced_by,
    }
}

/// Explain an event
///
/// Who gets it, through which job, and which clause keeps it from the others.
#[utoipa::path(
    get,
    path = "/events/{id}/explain",
    tag = "events",
    params(("id" = String, Path, description = "The event's id, or its position in the log.")),
    responses((status = 200, description = "Who gets it.", body = Document<EventExplanationBody>))
)]
pub(super) async fn explain(
    _may: May<Read>,
    State(api): State<Api>,
    Named(event): Named<EventName>,
) -> Result<Response, Problem> {
    let id = event.find(&api).await?.id;
    let explained = api.client().explain_event(id).await?;
    let gone = || Problem::new(Code::NotFound, format!("{id} was removed just now"));
    let explained = api.redaction().event_explanation(explained.ok_or_else(gone)?);
    Ok(ok(&explanation(&explained)))
}
