//! Limits over all processes, and lanes: what keeps jobs back.

mod act;
mod document;
mod list;
mod set;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/limits", get(list::list))
        .route("/limits/set", get(set::form).post(set::set))
        .route("/limits/{on}/remove", post(act::remove))
        .route("/limits/{on}/close", post(act::close))
}
