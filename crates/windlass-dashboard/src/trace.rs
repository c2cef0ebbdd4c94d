//! Traces: everything that came of one job or event.

mod document;
mod show;
mod tree;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) use document::Trace;
pub(crate) use tree::table;

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/traces/{id}", get(show::show))
}
