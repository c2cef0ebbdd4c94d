//! Queues: who serves each, and what waits.

mod act;
mod list;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;
use windlass::{State, Timestamp};

use crate::ask::Pages;

pub(crate) use list::table;

/// What pages show of `queue.v1`.
#[derive(Debug, Deserialize)]
pub(crate) struct Queue {
    name: String,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    note: Option<String>,
    workers: u64,
    oldest_due_at: Option<Timestamp>,
    jobs: BTreeMap<State, u64>,
    exact: bool,
    or_more: BTreeSet<State>,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/queues", get(list::list))
        .route("/queues/{name}/pause", get(list::list).post(act::pause))
        .route("/queues/{name}/resume", post(act::resume))
}
