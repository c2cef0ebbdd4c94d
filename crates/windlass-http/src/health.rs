//! How things are: whether this process lives and can serve, how the store is, and what is not as it should be.

mod doctor;
mod document;
mod job_counts;
mod overview;
mod show;

use std::cmp::Ordering;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use doctor::{
    Check, DoctorBody, Status as CheckStatus, diagnosis, examine, remedy, told, weight,
};
pub use document::{LinesBody, SourcesBody, StatusBody, UnservedBody, WorkersBody, status};
pub(crate) use job_counts::CountAsked;
pub use job_counts::JobCounts;
pub use overview::Overview;

use crate::answer::ok;
use crate::api::Api;
use crate::problem::{Code, Problem};

/// `/healthz` and `/readyz`, which ask for no credentials and tell nothing that needs some.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// What is asked about the store, below `/v1`.
pub(crate) fn routes_of_store() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(show::status)).routes(routes!(show::problems))
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
struct Status {
    /// `alive` or `ready`.
    status: &'static str,
    /// Of several stores those that cannot be used now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    away: Vec<String>,
}

impl Status {
    const fn of(status: &'static str) -> Self {
        Self { status, away: Vec::new() }
    }
}

/// Whether the process answers
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "It does.", body = Status))
)]
async fn alive() -> Response {
    ok(&Status::of("alive"))
}

/// Whether the server can serve
///
/// The database answers, and its schema is one that this program knows; otherwise 503. Of several stores one is enough.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses((status = 200, description = "It can.", body = Status))
)]
async fn ready(State(api): State<Api>) -> Result<Response, Problem> {
    if let Some(several) = api.several() {
        let away: Vec<String> = several.away().await.into_iter().map(str::to_owned).collect();
        if away.len() == several.number() {
            return Err(Problem::new(Code::Unavailable, "no database answers"));
        }
        return Ok(ok(&Status { away, ..Status::of("ready") }));
    }
    let facts = api.store().facts().await.map_err(|error| {
        tracing::warn!(%error, "the store cannot be asked");
        Problem::new(Code::Unavailable, "the database does not answer")
    })?;
    let detail = match facts.schema_version.cmp(&facts.known_version) {
        Ordering::Equal => return Ok(ok(&Status::of("ready"))),
        Ordering::Greater => "the schema of the database is newer than this program",
        Ordering::Less => "the schema of the database is older than this program, or not there",
    };
    Err(Problem::new(Code::Unavailable, detail))
}
