//! Kinds: paused ones, who knows each, and the oldest builds that take new work.

mod act;
mod list;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/kinds", get(list::list))
        .route("/kinds/{kind}/pause", get(list::list).post(act::pause))
        .route("/kinds/{kind}/resume", post(act::resume))
        .route("/builds", get(list::list).post(act::require))
        .route("/builds/{program}/allow", post(act::allow))
}
