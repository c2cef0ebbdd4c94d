//! Operations: one change of many jobs.

mod act;
mod document;
mod list;
mod new;
mod preview;
mod show;
mod words;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/operations", get(list::list).post(new::begin))
        .route("/operations/new", get(new::form))
        .route("/operations/preview", get(new::form).post(new::preview))
        .route("/operations/{id}", get(show::show))
        .route("/operations/{id}/{act}", post(act::act))
}
