//! Waiting for the end of a job.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::JobId;

use super::document::JobBody;
use super::show;
use crate::access::{MayIn, Read};
use crate::answer::Document;
use crate::api::Api;
use crate::extract::{Asked, Named};
use crate::limits::LONGEST_WAIT;
use crate::problem::Problem;

/// For how long.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// At most so long; 30,000 unless given.
    #[param(minimum = 1, maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// Wait for a job's end
///
/// The answer comes when it has ended, or when the time is over: then with the job as it is. A store that keeps no completed
/// jobs answers that it is not found.
#[utoipa::path(
    get,
    path = "/jobs/{id}/wait",
    tag = "jobs",
    params(("id" = String, Path, description = "The job's id."), Wanted),
    responses((status = 200, description = "The job as it is now.", body = Document<JobBody>))
)]
pub(super) async fn wait(
    may: MayIn<Read>,
    State(api): State<Api>,
    Named(id): Named<JobId>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let time = wanted.timeout_ms.map_or(LONGEST_WAIT, Duration::from_millis);
    if time.is_zero() || time > LONGEST_WAIT {
        let (most, found) = (LONGEST_WAIT.as_millis(), time.as_millis());
        let detail = format!("expected 1 to {most}, found {found}");
        return Err(Problem::parameter("timeout_ms", detail));
    }
    show::of(&may, &api, id).await?;
    let client = api.client();
    let ended = tokio::select! {
        ended = client.ended(id) => Some(ended?),
        () = tokio::time::sleep(time) => None,
        () = api.stopping().cancelled() => None,
    };
    let job = match ended.filter(|job| may.sees(job)) {
        Some(job) => job,
        None => show::of(&may, &api, id).await?,
    };
    show::answer(&api, job).await
}
