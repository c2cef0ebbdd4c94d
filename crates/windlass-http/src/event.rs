//! Events over HTTP.

mod document;
mod explain;
mod keep;
mod list;
mod named;
mod new;
mod publish;
mod show;
mod types;
mod verify;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use windlass::StoreError;
use windlass::store::Now;

pub use document::{EventBody, EventSummaryBody, document, summary};
pub use explain::{EventExplanationBody, explanation};
pub use keep::{EventKeepBody, keep_document};
pub use publish::{Fate, PublishedBody, published};
pub use types::{EventTypesBody, types_document};
pub use verify::{EventVerificationBody, verification};
pub(crate) use verify::{GapBody, gap};

pub(crate) use named::EventName;

pub(crate) use new::{NewEventBody, NewEventSchema};

use crate::api::Api;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, publish::one))
        .routes(routes!(publish::many))
        .routes(routes!(publish::r#match))
        .routes(routes!(keep::show, keep::put))
        .routes(routes!(verify::verify))
        .routes(routes!(show::show))
        .routes(routes!(explain::explain))
        .routes(routes!(types::types))
}

/// Most events that are given positions before a look.
pub(crate) const SEQUENCED: usize = 10_000;

/// What was just published has its position when it is looked for, also where no worker runs.
pub(crate) async fn sequence(api: &Api) -> Result<(), StoreError> {
    while api.store().sequence(SEQUENCED, Now::Database).await? > 0 {}
    Ok(())
}
