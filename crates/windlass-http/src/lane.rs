//! Lanes over HTTP.

mod act;
mod document;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{LaneBody, LaneOpenedBody, command_to_open, lanes, opened};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(act::open))
}
