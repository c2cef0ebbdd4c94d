//! Workflows over HTTP: batches whose jobs have names, and wait for each other.

mod act;
mod condition;
mod document;
mod new;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{WorkflowBody, document};

use crate::api::Api;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(act::list, act::start))
        .routes(routes!(act::show))
        .routes(routes!(act::cancel))
        .routes(routes!(act::retry))
}
