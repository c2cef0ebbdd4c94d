//! Jobs that were not written: `duplicates.v1`.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass::job::{Duplicate, DuplicateAnswer, Duplicates};

use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Asked;
use crate::limits::{DUPLICATES, LARGEST_DUPLICATES};
use crate::page;
use crate::problem::Problem;
use crate::schema;

/// Jobs that were not written since their unique keys were held.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duplicates)]
pub struct DuplicatesBody<'a> {
    /// How many there were of each kind.
    counts: Vec<DuplicateCount<'a>>,
    /// The newest.
    #[schema(value_type = Vec<schema::duplicate::Duplicate>)]
    newest: &'a [Duplicate],
}

/// How many jobs of a kind had this answer.
#[derive(Debug, Serialize, ToSchema)]
struct DuplicateCount<'a> {
    kind: &'a str,
    #[schema(value_type = schema::duplicate::DuplicateAnswer)]
    answer: DuplicateAnswer,
    jobs: u64,
}

/// How many of the newest.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so many of the newest; 25 unless given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
}

/// Jobs that were not written, as `duplicates.v1`.
#[must_use]
pub fn duplicates(found: &Duplicates) -> Document<DuplicatesBody<'_>> {
    let counts = found.counts.iter();
    let counts = counts.map(|((kind, answer), jobs)| DuplicateCount {
        kind: kind.as_str(),
        answer: *answer,
        jobs: *jobs,
    });
    let (counts, newest) = (counts.collect(), found.newest.as_slice());
    Document::new("duplicates.v1", DuplicatesBody { counts, newest })
}

/// List duplicates
///
/// Jobs that were not written since another held their unique key, or since a rule of their lane refused them: how many of
/// each kind, and the newest.
#[utoipa::path(
    get,
    path = "/duplicates",
    tag = "jobs",
    params(Wanted),
    responses((status = 200, description = "How many, and the newest.", body = Document<DuplicatesBody>))
)]
pub(super) async fn list_duplicates(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let newest = page::within(wanted.limit.unwrap_or(DUPLICATES), LARGEST_DUPLICATES)?;
    Ok(ok(&duplicates(&api.client().duplicates(newest).await?)))
}
