//! The events of the log.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::event::Cursor;
use windlass::filter::Bound;

use super::document::{EventBody, document};
use super::sequence;
use crate::access::{May, Read};
use crate::answer::{Document, FoundItems};
use crate::api::Api;
use crate::extract::Asked;
use crate::page::{self, PageCursor};
use crate::problem::Problem;
use crate::{check, filter};

/// Which events, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Terms that must all hold, such as `type:order.* data.total:1000 -source:/ci since:24h`.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// Those behind this position, in the order of the log; the newest first unless given.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    after: Option<u64>,
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page. It knows in which order that was.
    cursor: Option<String>,
}

/// List events
///
/// The newest first, or those behind a position. One request looks through a bounded number of events, so that a page may have less
/// than was asked for, or nothing, and another one behind it.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(Wanted),
    responses((status = 200, description = "A page of events.", body = FoundItems<Document<EventBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let filter = filter::of_events(&api, wanted.filter.as_deref())?;
    let size = page::size(wanted.limit)?;
    let after = wanted.after.map(check::position).transpose();
    let after = after.map_err(|what| Problem::parameter("after", what))?;
    let place: PageCursor<Cursor> = PageCursor::of(wanted.cursor.as_deref())?;
    sequence(&api).await?;
    let from = place.start.or(after.map(Cursor::After));
    let found = api.client().find_events(&filter, (from, size), Bound::default()).await?;
    let found = page::each(found, |event| api.redaction().event(event));
    Ok(page::found(&found, (&place, None), document))
}
