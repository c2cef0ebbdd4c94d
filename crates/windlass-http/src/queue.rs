//! Queues over HTTP.

mod act;
mod document;
mod list;
mod rules;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{QueueBody, document};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(rules::bound, rules::unbound))
        .routes(routes!(rules::age, rules::stop_aging))
}
