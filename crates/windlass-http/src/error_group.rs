//! Errors over HTTP: jobs that failed, by what they say.

mod document;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{ErrorGroupBody, ErrorGroupsBody, document, groups};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(list::show))
}
