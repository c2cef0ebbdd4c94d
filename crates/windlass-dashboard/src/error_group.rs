//! Errors: jobs that failed, by what they say.

mod document;
mod list;
mod show;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/errors", get(list::list)).route("/errors/{fingerprint}", get(show::show))
}
