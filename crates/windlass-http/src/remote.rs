//! Remote workers: programs in any language that register, claim and settle over HTTP.
//!
//! A remote worker is a row like any other, which lives with its lease. This process keeps what makes it fast: whom a wake-up is
//! for, and the jobs in its hands. All of that can be read again, so that a worker goes on where a server was started again, or
//! where its next request reaches another one.

mod claim;
mod document;
mod heartbeat;
mod holder;
mod measures;
mod outcome;
mod recall;
mod register;
mod registry;
mod report;
mod room;
mod settle;
mod step;
mod token;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use holder::lease_text;
pub(crate) use registry::Remotes;

use crate::api::Api;
use crate::limits::RESULTS_BYTES;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(register::leave))
        .routes(routes!(claim::claim))
        .routes(routes!(heartbeat::heartbeat))
        .routes(routes!(report::report))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(settle::settle))
                .layer(DefaultBodyLimit::max(RESULTS_BYTES)),
        )
}
