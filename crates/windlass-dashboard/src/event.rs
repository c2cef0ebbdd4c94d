//! Events: which there are, one of them and who gets it, and their types.

mod document;
mod list;
mod show;
mod types;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) use document::Summary;
pub(crate) use list::samples;
pub(crate) use show::answered;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/events", get(list::list))
        .route("/events/{id}", get(show::show))
        .route("/event-types", get(types::list))
}
