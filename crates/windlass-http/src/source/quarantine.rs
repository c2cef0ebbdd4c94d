//! Records of a source that were put aside.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass::Timestamp;
use windlass::redact::Shown;
use windlass::source::QuarantineRecord;

use super::{Name, find};
use crate::access::{May, Operate, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::{Asked, Body, Named};
use crate::limits::{LARGEST_PAGE, LARGEST_POSITION};
use crate::page::{self, PageCursor};
use crate::problem::Problem;
use crate::schema;

/// A record that was put aside.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuarantinedRecord)]
pub struct QuarantinedBody<'a> {
    /// Its number here, by which it is named.
    id: u64,
    /// Its number in the feed.
    number: Option<u64>,
    /// How often the feed had begun again then.
    generation: u32,
    /// Why it is not an event.
    reason: &'a str,
    /// What the feed gave.
    body: &'a str,
    /// Whether there was something else or more, so that it cannot be imported.
    is_cut: bool,
    /// When it was put aside.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

/// Records that are thrown away.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = DiscardedRecords)]
pub struct DiscardedBody {
    /// How many were there.
    discarded: u64,
}

/// A record that was put aside, as `quarantined.v1`.
#[must_use]
pub fn quarantined(record: &Shown<QuarantineRecord>) -> Document<QuarantinedBody<'_>> {
    Document::new(
        "quarantined.v1",
        QuarantinedBody {
            id: record.id,
            number: record.number,
            generation: record.generation,
            reason: &record.reason,
            body: &record.body,
            is_cut: record.is_cut,
            at: record.at,
        },
    )
}

/// Records that are thrown away, as `discarded.v1`.
#[must_use]
pub const fn discarded(discarded: u64) -> Document<DiscardedBody> {
    Document::new("discarded.v1", DiscardedBody { discarded })
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
}

/// Records to be thrown away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichRecords {
    /// Their ids, at most 500.
    #[schema(max_items = 500)]
    ids: Vec<u64>,
}

/// List records put aside
///
/// The oldest first, each with the reason for which it is not an event.
#[utoipa::path(
    get,
    path = "/sources/{name}/quarantine",
    operation_id = "list_quarantine",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name."), Wanted),
    responses((status = 200, description = "A page of them.", body = Items<Document<QuarantinedBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let size = page::size(wanted.limit)?;
    let place: PageCursor<u64> = PageCursor::of(wanted.cursor.as_deref())?;
    let after = place.start.unwrap_or_default().min(LARGEST_POSITION);
    find(&api, &name).await?;
    let found = api.client().quarantined(&name, after, size + 1).await?;
    let found: Vec<_> = found.into_iter().map(|one| api.redaction().quarantined(one)).collect();
    Ok(page::answer(
        &found,
        (&place, size),
        |record: &Shown<QuarantineRecord>| record.id,
        quarantined,
    ))
}

/// Discard records put aside
///
/// They are thrown away for good. A second call finds none of them, and says so.
#[utoipa::path(
    post,
    path = "/sources/{name}/quarantine/discard",
    operation_id = "discard_quarantine",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    request_body = WhichRecords,
    responses((status = 200, description = "How many were there.", body = Document<DiscardedBody>))
)]
pub(super) async fn discard(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    Body(WhichRecords { ids }): Body<WhichRecords>,
) -> Result<Response, Problem> {
    if ids.len() > usize::from(LARGEST_PAGE) {
        let detail = format!("at most {LARGEST_PAGE} at a time, found {}", ids.len());
        return Err(Problem::body("/ids".to_owned(), detail));
    }
    if let Some(nth) = ids.iter().position(|id| *id > LARGEST_POSITION) {
        return Err(Problem::body(format!("/ids/{nth}"), "no record has such an id"));
    }
    find(&api, &name).await?;
    Ok(ok(&discarded(api.client().discard_quarantined(&name, &ids).await?)))
}
