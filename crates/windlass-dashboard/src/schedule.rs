//! Schedules: which there are, whether they will run, and one of them.

mod act;
mod document;
mod list;
mod show;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/schedules", get(list::list))
        .route("/schedules/{name}", get(show::show))
        .route("/schedules/{name}/pause", post(act::pause))
        .route("/schedules/{name}/resume", post(act::resume))
        .route("/schedules/{name}/run", post(act::run))
        .route("/schedules/{name}/remove", post(act::remove))
}
