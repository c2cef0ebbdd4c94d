//! Alerts over HTTP.

mod act;
mod document;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{AlertMutedBody, AlertUnmutedBody, AlertsBody, Look, document, muted, unmuted};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(act::mute))
        .routes(routes!(act::unmute))
}
