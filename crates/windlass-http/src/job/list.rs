//! Finding jobs.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::JobRecord;
use windlass::job::{Filter, Page};

use super::document::{JobBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::extract::Asked;
use crate::limits::FILTER_BYTES;
use crate::page;
use crate::problem::Problem;

/// Which jobs, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Terms that must all hold, such as `state:dead kind:img.* -queue:bulk since:24h`.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Reads a filter's text.
pub(crate) fn filter(text: Option<&str>) -> Result<Filter, Problem> {
    let text = text.unwrap_or_default();
    if text.len() > FILTER_BYTES {
        let detail = format!("at most {FILTER_BYTES} bytes, found {}", text.len());
        return Err(Problem::parameter("filter", detail));
    }
    if text.contains('\0') {
        return Err(Problem::parameter("filter", "has a NUL character, which nothing stored has"));
    }
    text.parse().map_err(|error: windlass::job::ParseFilterError| {
        Problem::parameter("filter", error.to_string())
    })
}

/// List jobs
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/jobs",
    tag = "jobs",
    params(Wanted),
    responses((status = 200, description = "A page of jobs.", body = Items<Document<JobBody>>))
)]
pub(super) async fn list(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let filter = filter(wanted.filter.as_deref())?;
    let size = page::size(wanted.limit)?;
    let before = page::start(wanted.cursor.as_deref())?;
    // One more than asked for tells whether there is another page.
    let found = api.client().jobs(&filter, Page { before, limit: size + 1 }).await?;
    Ok(page::answer(&found, size, |job: &JobRecord| job.id, document))
}
