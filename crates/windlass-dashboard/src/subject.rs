//! One subject, such as customer 42: the jobs and the events that are about it.

mod axis;
mod show;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/subjects/{subject}", get(show::show))
}
