//! How the store is, and what is not as it should be.

use axum::extract::State;
use axum::response::Response;
use windlass::health::Thresholds;

use super::doctor::{DoctorBody, diagnosis, examine};
use super::document::{self, StatusBody};
use super::job_counts::CountAsked;
use super::overview::Overview;
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Asked;
use crate::problem::Problem;

/// Show how things are
///
/// The numbers of jobs, queues, workers, lanes, limits and sources.
#[utoipa::path(
    get,
    path = "/status",
    tag = "health",
    params(CountAsked),
    responses((status = 200, description = "How things are.", body = Document<StatusBody>))
)]
pub(super) async fn status(
    _may: May<Read>,
    State(api): State<Api>,
    Asked(CountAsked { count }): Asked<CountAsked>,
) -> Result<Response, Problem> {
    let overview = Overview::of(api.store(), count).await?;
    Ok(ok(&document::status(&overview, None)))
}

/// List problems
///
/// What is not as it should be, and what fixes it: each check with what it found, those that found nothing too.
#[utoipa::path(
    get,
    path = "/problems",
    tag = "health",
    responses((status = 200, description = "All checks.", body = Document<DoctorBody>))
)]
pub(super) async fn problems(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let thresholds = Thresholds::default();
    let mut checks = examine(api.store(), &thresholds).await?;
    checks.extend(api.standby_check().await);
    Ok(ok(&diagnosis(None, &thresholds, &checks)))
}
