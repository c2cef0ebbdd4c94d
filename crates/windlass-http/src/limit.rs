//! Limits over HTTP.

mod act;
mod document;
mod list;
mod new;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{
    BreakerClosedBody, LimitBody, LimitRemovedBody, breaker_closed, document, removed,
};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show, act::set, act::remove))
        .routes(routes!(act::close))
}
