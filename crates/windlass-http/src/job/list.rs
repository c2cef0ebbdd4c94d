//! Finding jobs.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::JobRecord;
use windlass::job::{Field, Filter, Page, Term};
use windlass::token::Grant;

use super::document::{JobBody, document};
use crate::access::{MayIn, Read};
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

/// Only the jobs that somebody is limited to.
pub(crate) fn within(mut filter: Filter, grant: &Grant) -> Filter {
    let limits =
        [(&grant.queues, Field::Queue as fn(Vec<String>) -> Field), (&grant.kinds, Field::Kind)];
    let limits = limits.into_iter().filter(|(patterns, _)| !patterns.is_empty());
    let terms =
        limits.map(|(patterns, field)| Term { negated: false, field: field(patterns.clone()) });
    filter.terms.extend(terms);
    filter
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
    may: MayIn<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let filter = within(filter(wanted.filter.as_deref())?, may.caller.grant());
    let size = page::size(wanted.limit)?;
    let before = page::start(wanted.cursor.as_deref())?;
    // One more than asked for tells whether there is another page.
    let found = api.client().jobs(&filter, Page { before, limit: size + 1 }).await?;
    Ok(page::answer(&found, size, |job: &JobRecord| job.id, document))
}
