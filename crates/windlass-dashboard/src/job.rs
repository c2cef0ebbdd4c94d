//! Jobs: which there are, and one of them.

mod act;
mod document;
mod list;
mod selected;
mod show;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) use document::{Job, Subject};
pub(crate) use list::{search, table};

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/jobs", get(list::list).post(selected::act))
        .route("/jobs/{id}", get(show::show))
        .route("/jobs/{id}/retry", post(act::retry))
        .route("/jobs/{id}/cancel", post(act::cancel))
}
