//! Sources over HTTP.

mod act;
mod document;
mod gap;
mod list;
mod quarantine;

use std::str::FromStr;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use windlass::StoreError;
use windlass::name::{NameError, check_source};
use windlass::source::SourceRecord;

pub use document::{SourceBody, SourceWithGapsBody, document, with_gaps};
pub use gap::{ClosedGapsBody, closed};
pub use quarantine::{DiscardedBody, QuarantinedBody, discarded, quarantined};

use crate::api::Api;
use crate::problem::Problem;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::show, act::remove))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(act::reset))
        .routes(routes!(gap::list))
        .routes(routes!(gap::close))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::discard))
}

/// The name of a source, in a path.
#[derive(Debug)]
struct Name(String);

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_source(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// The one with this name.
async fn find(api: &Api, name: &str) -> Result<SourceRecord, Problem> {
    api.client().source(name).await?.ok_or_else(|| none(name))
}

fn none(name: &str) -> Problem {
    StoreError::NotFound { what: format!("the source {name}") }.into()
}
