//! Jobs: which there are, and one of them.

mod act;
mod columns;
mod csv;
mod document;
mod download;
mod list;
mod new;
mod saved;
mod selected;
mod show;
mod table;

use axum::Router;
use axum::routing::{get, post};

use crate::ask::Pages;

pub(crate) use document::{Job, Subject};
pub(crate) use list::search;
pub(crate) use table::table;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/jobs", get(list::list).post(selected::act))
        .route("/jobs.csv", get(download::csv))
        .route("/jobs.ndjson", get(download::ndjson))
        .route("/jobs/new", get(new::form).post(new::enqueue))
        .route("/jobs/columns", post(columns::act))
        .route("/jobs/filters", post(saved::act))
        .route("/jobs/{id}", get(show::show))
        .route("/jobs/{id}/retry", post(act::retry))
        .route("/jobs/{id}/cancel", post(act::cancel))
}
