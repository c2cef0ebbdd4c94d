//! Sessions over HTTP: who asks, signing in, and signing out.

mod act;
mod document;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(act::show, act::start, act::end))
        .routes(routes!(act::change_password))
}
