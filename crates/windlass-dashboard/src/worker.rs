//! Workers: who lives, what each runs, and whether it takes work.

mod act;
mod document;
mod list;
mod runs;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/workers", get(list::list))
        .route("/workers/{id}/quiet", post(act::quiet))
        .route("/workers/{id}/resume", post(act::resume))
        .route("/workers/{id}/stop", post(act::stop))
}
