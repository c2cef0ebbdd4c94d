//! Batches over HTTP: jobs that belong together.

mod act;
mod document;
mod list;
mod member;
mod named;
mod new;
mod show;
mod start;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use act::{BatchCancelledBody, BatchRetriedBody, BatchSealedBody, cancelled, retried, sealed};
pub use document::{BatchBody, BatchWithMembersBody, document, summary, with_members};
pub use member::{Member, Members};
pub use start::{BatchOpenedBody, opened};

pub(crate) use act::{WhyBatch, cancel_of, retry_of};
pub(crate) use document::body;
pub(crate) use list::{Listed, find_page};
pub(crate) use named::BatchName;
pub(crate) use new::standalone;
pub(crate) use start::{StartedBody, started};

use crate::api::Api;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, start::start))
        .routes(routes!(show::show))
        .routes(routes!(member::list))
        .routes(routes!(start::add))
        .routes(routes!(act::seal))
        .routes(routes!(act::cancel))
        .routes(routes!(act::retry))
}
