//! Users over HTTP.

mod act;
mod document;
mod new;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{UserBody, document};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(act::list, act::create))
        .routes(routes!(act::show, act::change, act::remove))
        .routes(routes!(act::end_sessions))
}
