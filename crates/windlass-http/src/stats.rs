//! Stats over HTTP: what jobs did over time.

mod document;
mod show;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{StatsBody, document};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(show::show))
}
