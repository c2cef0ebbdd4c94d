//! Kinds over HTTP.

mod act;
mod document;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{KindBody, document};
pub use list::{Known, known};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
}
