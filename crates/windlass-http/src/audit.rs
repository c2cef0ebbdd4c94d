//! The audit over HTTP: who has done what. What is done over HTTP is entered by `watch.rs`, whatever the noun.

mod changes;
mod document;
mod list;
mod objects;
pub(crate) mod watch;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use changes::Change;
pub use document::{ActBody, AuditCheckBody, document};
pub use list::{Checked, check, shown};
pub use objects::Objects;

use crate::api::Api;

/// Its routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(list::verify))
}
