//! Feeding a part of the log once more.

use std::num::NonZeroU32;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use windlass::StoreError;
use windlass::subscription::{Pace, Replay, ReplayPreview, Start, undoing};

use super::definition::read_filter;
use super::{EventStart, FilterParts, Name, find};
use crate::access::{May, Operate};
use crate::answer::{Document, accepted, created, ok};
use crate::api::Api;
use crate::event::{EventSummaryBody, sequence, summary};
use crate::extract::{Body, MaybeBody, Named};
use crate::filter::check_wanted;
use crate::operation::{OperationBody, PreviewBody, document, previewed};
use crate::problem::Problem;
use crate::schema;

/// What is fed once more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub struct ReplayBody<'a> {
    /// The subscription that it is, where it was begun.
    replay: Option<&'a str>,
    /// Events behind this position.
    after: u64,
    /// Up to this one.
    to: u64,
    /// Events that it wants.
    events: u64,
    /// The last of them, where nothing was begun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    samples: Vec<EventSummaryBody<'a>>,
}

/// A replay as `replay.v1`: its name where it was begun, the positions, and which events it wants.
#[must_use]
pub fn replayed<'a>(
    replay: Option<&'a str>,
    (after, to): (u64, u64),
    found: &'a ReplayPreview,
) -> Document<ReplayBody<'a>> {
    let events = found.events;
    let samples = match replay {
        Some(_) => Vec::new(),
        None => found.samples.iter().map(summary).collect(),
    };
    Document::new("replay.v1", ReplayBody { replay, after, to, events, samples })
}

/// What is to be fed once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReplay {
    /// From where on: `beginning`, a position it begins behind, or a moment.
    #[schema(value_type = schema::EventStart)]
    from: EventStart,
    /// Up to here: `now`, a position, or what came before a moment; `now` unless given.
    #[serde(default)]
    #[schema(value_type = Option<schema::EventStart>)]
    to: Option<EventStart>,
    /// For jobs of this kind instead, such as one that only writes down what it would do.
    #[schema(max_length = 128)]
    kind: Option<String>,
    /// At most so many of its jobs are unfinished; the subscription's own credit unless given.
    #[schema(value_type = Option<u32>, minimum = 1)]
    credit: Option<NonZeroU32>,
    /// At most so many jobs in a time: `100/s`, `30/m`, `500/h`.
    #[schema(value_type = Option<String>)]
    pace: Option<Pace>,
    /// Types, or patterns such as `order.*`. With any of `types`, `filter` and `sql` these hold instead of the subscription's filter.
    #[serde(default)]
    #[schema(max_items = 100)]
    types: Vec<String>,
    /// A filter.
    #[schema(value_type = Option<schema::Filter>)]
    filter: Option<Value>,
    /// An SQL expression of CloudEvents.
    #[schema(max_length = 4096)]
    sql: Option<String>,
    /// It begins only where exactly so many events would be fed; otherwise 409.
    #[schema(maximum = 9_223_372_036_854_775_807_u64)]
    expect: Option<u64>,
    /// Say how many events it would feed, and the last of them, and write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Replay events
///
/// New jobs, tagged `replay` and `replay:NAME`, of events as they are in the log. It is a subscription of its own that goes once it is through; a second call
/// meanwhile is refused: 409.
#[utoipa::path(
    post,
    path = "/subscriptions/{name}/replay",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    request_body = NewReplay,
    responses(
        (status = 201, description = "It is begun.", body = Document<ReplayBody>),
        (status = 200, description = "What it would feed; nothing was written.", body = Document<ReplayBody>),
    )
)]
pub(super) async fn replay(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    Body(asked): Body<NewReplay>,
) -> Result<Response, Problem> {
    let NewReplay { from, to, kind, credit, pace, types, filter, sql, expect, dry_run } = asked;
    let parts = FilterParts { types, filter, sql };
    let filter = parts.is_given().then(|| read_filter(parts)).transpose()?;
    let record = find(&api, &name).await?;
    // Which events a filter wants says what they have.
    check_wanted(&api, filter.as_ref().unwrap_or(&record.definition.filter))?;
    sequence(&api).await?;
    let (after, to) = (place(&api, from).await?, place(&api, to.unwrap_or_default()).await?);
    if after >= to {
        let detail = format!("behind position {after} and up to {to} there is nothing to replay");
        return Err(Problem::body("/from".to_owned(), detail));
    }
    let replay = Replay { filter, kind, credit, pace, ..Replay::between(after, to) };
    let found = api.client().preview_replay(&name, &replay).await?;
    if dry_run {
        return Ok(ok(&replayed(None, (after, to), &found)));
    }
    // What lies between two positions stays what it is: it is not counted again.
    found.unless_other(expect)?;
    let begun = api.client().replay(&name, &replay).await?;
    Ok(created(&replayed(Some(&begun), (after, to), &found)))
}

/// How a replay is undone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUndoing {
    /// Say which jobs would be cancelled, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Undo a replay
///
/// It goes, if it is under way, and an operation begins that cancels those jobs of the subscription's replays that have not begun: watch,
/// pause and undo it as any. With `dry_run` nothing begins, and the answer, with status 200, is how many jobs match and a few of them.
#[utoipa::path(
    post,
    path = "/subscriptions/{name}/replay/undo",
    operation_id = "undo_replay",
    tag = "subscriptions",
    params(("name" = String, Path, description = "The subscription's name.")),
    request_body = Option<NewUndoing>,
    responses(
        (status = 202, description = "The operation that has begun.", body = Document<OperationBody>),
        (status = 200, description = "What it would find.", body = Document<PreviewBody>)
    )
)]
pub(super) async fn undo(
    may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    MaybeBody(asked): MaybeBody<NewUndoing>,
) -> Result<Response, Problem> {
    if asked.dry_run {
        return previewed(&api, &undoing(&name)).await;
    }
    let client = api.client().clone().with_origin(may.caller.name());
    Ok(accepted(&document(&client.undo_replay(&name).await?)))
}

async fn place(api: &Api, start: EventStart) -> Result<u64, StoreError> {
    let last = api.client().event_log().await?.last;
    Ok(match start.resolve(api.client()).await? {
        Start::Now => last,
        Start::After(position) | Start::Between(position, _) => position.min(last),
    })
}
