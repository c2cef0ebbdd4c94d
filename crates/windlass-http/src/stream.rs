//! The live stream: what happens, told while it happens.
//!
//! However many watch, one reader reads the database for all of them, and only while somebody watches. What it has read last
//! is kept in memory; each viewer goes through that at a pace of its own, so one that does not read only costs its seat.

mod cursor;
mod document;
mod format;
mod open;
mod pace;
mod reader;
mod ring;
mod seat;
mod seats;
mod session;
mod viewer;
mod wanted;
mod watched;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use seat::Streams;

use crate::api::Api;

/// Its route, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(open::open))
}
