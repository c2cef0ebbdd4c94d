//! The documentation, in the binary: the pages of `docs/`, as they are for this version.

mod markdown;
mod pages;
mod show;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/docs", get(show::contents)).route("/docs/{page}", get(show::show))
}
