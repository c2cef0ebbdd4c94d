//! Sources: feeds of others that are read, and what of them is lacking or could not be read.

mod act;
mod document;
mod list;
mod show;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/sources", get(list::list))
        .route("/sources/{name}", get(show::show))
        .route("/sources/{name}/pause", post(act::pause))
        .route("/sources/{name}/resume", post(act::resume))
        .route("/sources/{name}/close", post(act::close))
        .route("/sources/{name}/discard", post(act::discard))
        .route("/sources/{name}/reset", post(act::reset))
        .route("/sources/{name}/remove", post(act::remove))
}
