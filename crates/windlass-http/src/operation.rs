//! Operations over HTTP: one change of many jobs.

mod act;
mod document;
mod list;
mod named;
mod new;
mod show;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{OperationBody, PreviewBody, document, preview};
pub(crate) use new::previewed;

use crate::api::Api;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, new::start))
        .routes(routes!(show::show))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(act::stop))
        .routes(routes!(act::undo))
}
