use axum::Router;

use crate::ask::Pages;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
}
