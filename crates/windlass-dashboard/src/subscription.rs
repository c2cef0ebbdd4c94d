//! Subscriptions: which there are, one of them, replays of it, and filters that are only tried.

mod act;
mod backtest;
mod document;
mod list;
mod replay;
mod show;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/subscriptions", get(list::list))
        .route("/subscriptions/{name}", get(show::show))
        .route("/subscriptions/{name}/pause", post(act::pause))
        .route("/subscriptions/{name}/resume", post(act::resume))
        .route("/subscriptions/{name}/remove", post(act::remove))
        .route("/subscriptions/{name}/replay", get(replay::preview).post(replay::begin))
        .route("/subscriptions/{name}/undo", get(replay::ask).post(replay::undo))
        .route("/backtest", get(backtest::show))
}
