//! Tokens over HTTP.

mod act;
mod document;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{TokenBody, document};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(act::list, act::create))
        .routes(routes!(act::show, act::remove))
}
