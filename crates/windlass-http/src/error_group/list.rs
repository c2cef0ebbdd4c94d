//! Which errors there are.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::job::{Field, Filter, Fingerprint, Term};

use super::document::{ErrorGroupBody, ErrorGroupsBody, document, groups};
use crate::access::{MayIn, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::{Asked, Named};
use crate::filter;
use crate::job::within;
use crate::problem::Problem;

/// Of which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Terms of the jobs, such as `kind:img.* since:24h`.
    #[param(max_length = 4096)]
    filter: Option<String>,
}

/// List errors
///
/// Jobs that are dead or tried again, by what they say: those whose last errors differ in numbers, ids and texts in quotes alone are in
/// one group. The newest 2,000 jobs that match are looked through.
#[utoipa::path(
    get,
    path = "/errors",
    tag = "errors",
    params(Wanted),
    responses((status = 200, description = "The groups.", body = Document<ErrorGroupsBody>))
)]
pub(super) async fn list(
    may: MayIn<Read>,
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let filter = filter::of_jobs(&api, wanted.filter.as_deref())?;
    let filter = within(filter, may.caller.grant());
    Ok(ok(&groups(&api.client().error_groups(&filter).await?)))
}

/// Show an error
///
/// The jobs that have this fingerprint, of the newest that failed.
#[utoipa::path(
    get,
    path = "/errors/{fingerprint}",
    tag = "errors",
    params(("fingerprint" = String, Path, description = "The group's fingerprint.", min_length = 12, max_length = 12)),
    responses((status = 200, description = "The group.", body = Document<ErrorGroupBody>))
)]
pub(super) async fn show(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(fingerprint): Named<Fingerprint>,
) -> Result<Response, Problem> {
    let term = Term { negated: false, field: Field::Fingerprint(vec![fingerprint]) };
    let filter = within(Filter { terms: vec![term] }, may.caller.grant());
    let found = api.client().error_groups(&filter).await?.groups.into_iter().next();
    let missing = || Problem::missing(format!("a job that failed with the error {fingerprint}"));
    Ok(ok(&document(&found.ok_or_else(missing)?)))
}
