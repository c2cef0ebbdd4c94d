//! Kinds.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use windlass::health::Counted;
use windlass::queue::PausedKind;
use windlass::store::{Now, Store};
use windlass::{StoreError, Timestamp};

use super::document::{KindBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::name::KindName;
use crate::page;
use crate::problem::Problem;

/// What is known of a kind.
#[derive(Debug, Default)]
pub struct Known {
    /// Registered workers that know it.
    pub workers: u32,
    /// Its pause.
    pub paused: Option<PausedKind>,
    /// Its jobs that are due and that no live worker could run, of those that were looked at.
    pub unserved: Counted,
    /// When the oldest of them was due.
    pub oldest_due_at: Option<Timestamp>,
}

/// The kinds that workers know, that are paused, or that have jobs which no live worker could run.
///
/// # Errors
/// When the store cannot be asked.
pub async fn known(store: &dyn Store) -> Result<BTreeMap<String, Known>, StoreError> {
    let mut kinds: BTreeMap<String, Known> = BTreeMap::new();
    for worker in store.workers().await? {
        let mut known: Vec<&str> = worker.handlers.iter().map(|key| key.kind()).collect();
        known.sort_unstable();
        known.dedup();
        for kind in known {
            kinds.entry(kind.to_owned()).or_default().workers += 1;
        }
    }
    for paused in store.paused_kinds(Now::Database).await? {
        let kind = paused.kind.clone();
        kinds.entry(kind).or_default().paused = Some(paused);
    }
    for group in store.unserved(Now::Database).await? {
        let known = kinds.entry(group.kind).or_default();
        known.unserved = known.unserved.and(Counted { jobs: group.jobs, or_more: group.or_more });
        let oldest =
            known.oldest_due_at.map_or(group.oldest_due_at, |at| at.min(group.oldest_due_at));
        known.oldest_due_at = Some(oldest);
    }
    Ok(kinds)
}

/// List kinds
///
/// Those that registered workers know, that are paused, or that have jobs which no live worker could run, by name and all on one page.
#[utoipa::path(
    get,
    path = "/kinds",
    tag = "kinds",
    responses((status = 200, description = "The kinds.", body = Items<Document<KindBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let kinds = known(api.store()).await?;
    Ok(page::whole(kinds.iter().map(|(kind, known)| document(kind, known)).collect()))
}

/// Show a kind
///
/// One that no registered worker knows, that is not paused and none of whose jobs waits for a worker is not found.
#[utoipa::path(
    get,
    path = "/kinds/{kind}",
    tag = "kinds",
    params(("kind" = String, Path, description = "The kind.", max_length = 128)),
    responses((status = 200, description = "The kind.", body = Document<KindBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(kind): Named<KindName>,
) -> Result<Response, Problem> {
    let found = known(api.store()).await?.remove(&*kind);
    let known = found.ok_or_else(|| Problem::missing(format!("kind {kind}")))?;
    Ok(ok(&document(&kind, &known)))
}

/// The kind as it is now, whether or not somebody knows it.
pub(super) async fn now(api: &Api, kind: &str) -> Result<Response, Problem> {
    let known = known(api.store()).await?.remove(kind).unwrap_or_default();
    Ok(ok(&document(kind, &known)))
}
