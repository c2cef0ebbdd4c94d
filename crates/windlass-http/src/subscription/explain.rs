//! What a subscription gets, and what it nearly gets.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass::JobId;
use windlass::redact::Shown;
use windlass::subscription::{Looked, SubscriptionExplanation};

use super::{Name, none};
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::event::{EventSummaryBody, sequence, summary};
use crate::extract::{Asked, Named};
use crate::problem::Problem;
use crate::schema;

/// What a subscription gets of the last 1,000 events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubscriptionExplanation)]
pub struct SubscriptionExplanationBody<'a> {
    /// The subscription.
    name: &'a str,
    /// Its filter as a person reads it.
    wants: String,
    /// Events behind this position were looked at.
    after: u64,
    /// How many.
    events: u64,
    /// How many of them it wants.
    matched: usize,
    /// The last of these.
    matches: Vec<LookedBody<'a>>,
    /// How many one clause alone refuses.
    nearly_matched: usize,
    /// The last of these.
    near_misses: Vec<LookedBody<'a>>,
}

/// An event, and what the subscription makes of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LookedAtEvent)]
struct LookedBody<'a> {
    #[serde(flatten)]
    event: EventSummaryBody<'a>,
    /// What the subscription makes of it.
    #[schema(value_type = schema::Answer)]
    answer: &'static str,
    /// The clause that decided.
    clause: &'a str,
    /// Why, in words.
    why: &'a str,
    /// The job that has come of it.
    #[schema(value_type = Option<schema::JobId>)]
    job: Option<JobId>,
}

/// What a subscription gets, as `subscription_explanation.v1`, with at most so many events of each list.
#[must_use]
pub fn explanation(
    explained: &Shown<SubscriptionExplanation>,
    most: usize,
) -> Document<SubscriptionExplanationBody<'_>> {
    let last = |list: &'_ [Looked]| list.len().saturating_sub(most);
    let (matches, near) = (&explained.matches, &explained.near);
    let record = &explained.subscription;
    Document::new(
        "subscription_explanation.v1",
        SubscriptionExplanationBody {
            name: &record.name,
            wants: record.definition.filter.to_string(),
            after: explained.after,
            events: explained.events,
            matched: matches.len(),
            matches: matches[last(matches)..].iter().map(looked).collect(),
            nearly_matched: near.len(),
            near_misses: near[last(near)..].iter().map(looked).collect(),
        },
    )
}

fn looked(looked: &Looked) -> LookedBody<'_> {
    LookedBody {
        event: summary(&looked.event),
        answer: looked.answer.word(),
        clause: &looked.explanation.clause,
        why: &looked.explanation.words,
        job: looked.answer.job(),
    }
}

/// How much is shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many events of each list, the last ones; 10 unless given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
}

/// Explain a subscription
///
/// Which of the last 1,000 events it gets, through which jobs, and which one clause alone keeps from it.
#[utoipa::path(
    get,
    path = "/subscriptions/{name}/explain",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name."), Wanted),
    responses((status = 200, description = "What it gets.", body = Document<SubscriptionExplanationBody>))
)]
pub(super) async fn explain(
    _may: May<Read>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let most = wanted.limit.unwrap_or(10);
    if !(1..=1_000).contains(&most) {
        return Err(Problem::parameter("limit", format!("expected 1 to 1000, found {most}")));
    }
    sequence(&api).await?;
    let explained = api.client().explain_subscription(&name).await?.ok_or_else(|| none(&name))?;
    let explained = api.redaction().subscription_explanation(explained);
    Ok(ok(&explanation(&explained, usize::from(most))))
}
