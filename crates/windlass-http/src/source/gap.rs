//! What the feed of a source did not give.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass::EventId;

use super::document::{SourceGapBody, gap};
use super::{Name, find};
use crate::access::{May, Operate, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::{Asked, MaybeBody, Named};
use crate::page;
use crate::problem::{Code, Problem};
use crate::schema;

/// Gaps that are closed now.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ClosedGaps)]
pub struct ClosedGapsBody {
    /// How many.
    closed: u64,
}

/// Gaps that are closed now, as `closed_gaps.v1`.
#[must_use]
pub const fn closed(closed: u64) -> Document<ClosedGapsBody> {
    Document::new("closed_gaps.v1", ClosedGapsBody { closed })
}

/// How many gaps.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// Which gaps are closed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichGap {
    /// The one of which this event tells; all unless given.
    #[schema(value_type = Option<schema::EventId>)]
    gap: Option<EventId>,
}

/// List gaps of a source
///
/// The newest first; there is no page behind the first one.
#[utoipa::path(
    get,
    path = "/sources/{name}/gaps",
    operation_id = "list_gaps",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name."), Wanted),
    responses((status = 200, description = "Its gaps.", body = Items<SourceGapBody>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let size = page::size(wanted.limit)?;
    find(&api, &name).await?;
    let gaps = api.client().source_gaps(&name, size).await?;
    let items: Vec<_> = gaps.iter().map(gap).collect();
    Ok(page::whole(items))
}

/// Close gaps of a source
///
/// What was lacking was got in another way. A second call closes none; where it names a gap that is not open, that is 404.
#[utoipa::path(
    post,
    path = "/sources/{name}/close",
    operation_id = "close_gaps",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    request_body = Option<WhichGap>,
    responses((status = 200, description = "How many are closed now.", body = Document<ClosedGapsBody>))
)]
pub(super) async fn close(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    MaybeBody(which): MaybeBody<WhichGap>,
) -> Result<Response, Problem> {
    find(&api, &name).await?;
    match which.gap {
        None => Ok(ok(&closed(api.client().close_source_gaps(&name).await?))),
        Some(event) if api.client().close_source_gap(&name, event).await? => Ok(ok(&closed(1))),
        Some(event) => {
            let detail = format!("source {name} has no open gap of which {event} tells");
            Err(Problem::new(Code::NotFound, detail))
        }
    }
}
