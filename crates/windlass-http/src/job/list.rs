//! Finding jobs.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use windlass::filter::{Bound, Effort};
use windlass::job::{Field, Filter, Page, Term};
use windlass::token::Grant;

use super::document::{JobBody, document, head};
use crate::access::{MayIn, Read};
use crate::answer::{Document, FoundItems};
use crate::api::Api;
use crate::extract::Asked;
use crate::filter;
use crate::page::{self, PageCursor};
use crate::problem::Problem;

/// Which jobs, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Terms that must all hold, such as `state:dead kind:img.* args.user.id:42 error:"timed out" -queue:bulk since:24h`.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
    /// Whether to say how many jobs match: `exact` counts them, and estimates where that takes too long.
    #[serde(default)]
    #[param(inline)]
    count: Counted,
    /// How much of each job: `head` leaves out its args, its output and all attempts but the last, which may be large.
    #[serde(default)]
    #[param(inline)]
    fields: Fields,
}

/// How much of each job is answered.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Fields {
    /// All there is.
    #[default]
    All,
    /// What is not large.
    Head,
}

/// Whether the jobs that match are counted.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Counted {
    /// They are not.
    #[default]
    None,
    /// By a look at the newest jobs.
    Estimate,
    /// One by one, as far as there is time.
    Exact,
}

/// Only the jobs that somebody is limited to.
pub(crate) fn within(mut filter: Filter, grant: &Grant) -> Filter {
    let limits = [
        (&grant.queues, Field::Queue as fn(Vec<String>) -> Field),
        (&grant.kinds, Field::Kind),
        (&grant.tags, Field::Tag),
    ];
    let limits = limits.into_iter().filter(|(patterns, _)| !patterns.is_empty());
    let terms =
        limits.map(|(patterns, field)| Term { negated: false, field: field(patterns.clone()) });
    filter.terms.extend(terms);
    filter
}

/// List jobs
///
/// The newest first. What states, tags, subjects, batches and workers' ids find among few jobs is looked up. For anything else the
/// jobs are looked through, the newest first: one request looks through a bounded number of them, so that a page may have less than
/// was asked for, or nothing, and another one behind it.
#[utoipa::path(
    get,
    path = "/jobs",
    tag = "jobs",
    params(Wanted),
    responses((status = 200, description = "A page of jobs.", body = FoundItems<Document<JobBody>>))
)]
pub(super) async fn list(
    may: MayIn<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let filter = filter::of_jobs(&api, wanted.filter.as_deref())?;
    let filter = within(filter, may.caller.grant());
    let limit = page::size(wanted.limit)?;
    let place = PageCursor::of(wanted.cursor.as_deref())?;
    let before = place.start;
    let client = api.client();
    let found = client.find_jobs(&filter, Page { before, limit }, Bound::default()).await?;
    let count = match wanted.count {
        Counted::None => None,
        Counted::Estimate => Some(client.count_jobs(&filter, Effort::Estimate).await?),
        Counted::Exact => Some(client.count_jobs(&filter, Effort::Exact).await?),
    };
    let mut found = page::each(found, |job| api.redaction().job(job));
    if may.caller.grant().is_limited() {
        // How many jobs of others were looked through says what these have.
        found.scanned = found.items.len() as u64;
    }
    let shown = match wanted.fields {
        Fields::All => document,
        Fields::Head => head,
    };
    Ok(page::found(&found, (&place, count), shown))
}
