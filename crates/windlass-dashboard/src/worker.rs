//! Workers: who lives, and what each does.

mod list;

use axum::Router;
use axum::routing::get;

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/workers", get(list::list))
}
