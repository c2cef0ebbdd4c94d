//! Jobs over HTTP.

mod act;
pub(crate) mod bounds;
mod condition;
mod document;
mod duplicate;
mod enqueue;
mod event;
mod explain;
mod inside;
mod list;
mod new;
mod show;
mod wait;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use condition::words as awaited;
pub use condition::{
    ConditionBody, ConditionWaivedBody, command_to_waive, conditions, deadline, shown, waived,
};
pub use document::{JobBody, SubjectBody, document, document_of, subject};
pub use duplicate::{DuplicatesBody, duplicates};
pub use event::OfEvent;
pub use explain::{ExplanationBody, Words, commands, explanation, notes, without_remark};
pub(crate) use list::within;
pub(crate) use new::{NewFair, NewJobBody, NewLane, NewLimited, NewSubject, NewUnique};

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
        .routes(routes!(wait::wait))
        .routes(routes!(explain::explain))
        .routes(routes!(inside::attempts))
        .routes(routes!(inside::steps))
        .routes(routes!(inside::progress))
        .routes(routes!(inside::log))
        .routes(routes!(condition::list_conditions))
        .routes(routes!(condition::waive))
        .routes(routes!(duplicate::list_duplicates))
}
