//! Workers over HTTP, and the oldest builds that take new work.

mod act;
mod build;
mod document;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{
    RequiredBuildBody, RequiredBuildRemovedBody, WorkerBody, document, required_build,
    required_build_removed,
};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show))
        .routes(routes!(act::quiet))
        .routes(routes!(act::resume))
        .routes(routes!(act::stop))
        .routes(routes!(build::list))
        .routes(routes!(build::show, build::require, build::allow))
}
