//! Schedules over HTTP.

mod act;
mod document;
mod list;
mod new;
mod preview;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use document::{ScheduleBody, document};
pub use preview::{PreviewBody, preview};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show, act::put, act::remove))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(act::run_now))
        .routes(routes!(preview::next))
        .routes(routes!(preview::preview_rule))
}
