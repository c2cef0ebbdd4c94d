//! The audit: who has done what, and whether that list is whole.

mod difference;
mod list;
mod verify;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/audit", get(list::list))
        .route("/audit/verify", get(list::list).post(verify::verify))
}
