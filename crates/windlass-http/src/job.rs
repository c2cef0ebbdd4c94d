//! Jobs over HTTP.

mod act;
mod document;
mod enqueue;
mod list;
mod new;
mod show;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use new::NewJobBody;

pub use document::{JobBody, SubjectBody, document, subject};

pub(crate) use enqueue::{EnqueuedJobs, NewJobs, enqueued_jobs};

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, enqueue::one))
        .routes(routes!(enqueue::many))
        .routes(routes!(show::show))
        .routes(routes!(act::cancel))
        .routes(routes!(act::retry))
        .routes(routes!(act::r#move))
}
