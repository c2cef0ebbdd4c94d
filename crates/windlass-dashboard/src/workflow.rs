//! Batches and workflows: which there are, the graph of one, and its jobs.

mod act;
mod batch;
mod document;
mod graph;
mod list;
mod picture;
mod show;
mod steps;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/workflows", get(list::workflows))
        .route("/batches", get(list::batches))
        .route("/workflows/{id}", get(show::show))
        .route("/batches/{id}", get(batch::show))
        .route("/workflows/{id}/cancel", post(act::cancel))
        .route("/workflows/{id}/retry", post(act::retry))
        .route("/workflows/{id}/waive", post(act::waive))
        .route("/batches/{id}/cancel", post(act::cancel))
        .route("/batches/{id}/retry", post(act::retry))
        .route("/batches/{id}/seal", post(act::seal))
}
