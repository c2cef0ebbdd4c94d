//! Kinds.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use windlass::StoreError;
use windlass::queue::PausedKind;
use windlass::store::{Now, Store};

use super::document::{KindBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::name::KindName;
use crate::page;
use crate::problem::Problem;

/// How many registered workers know each kind, and its pause: of kinds that workers know or that are paused.
///
/// # Errors
/// When the store cannot be asked.
pub async fn known(
    store: &dyn Store,
) -> Result<BTreeMap<String, (u32, Option<PausedKind>)>, StoreError> {
    let mut kinds: BTreeMap<String, (u32, Option<PausedKind>)> = BTreeMap::new();
    for worker in store.workers().await? {
        let mut known: Vec<&str> = worker.handlers.iter().map(|key| key.kind()).collect();
        known.sort_unstable();
        known.dedup();
        for kind in known {
            kinds.entry(kind.to_owned()).or_default().0 += 1;
        }
    }
    for paused in store.paused_kinds(Now::Database).await? {
        let kind = paused.kind.clone();
        kinds.entry(kind).or_default().1 = Some(paused);
    }
    Ok(kinds)
}

/// List kinds
///
/// Those that registered workers know or that are paused, by name and all on one page.
#[utoipa::path(
    get,
    path = "/kinds",
    tag = "kinds",
    responses((status = 200, description = "The kinds.", body = Items<Document<KindBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let kinds = known(api.store()).await?;
    let shown =
        kinds.iter().map(|(kind, (workers, paused))| document(kind, *workers, paused.as_ref()));
    Ok(page::whole(shown.collect()))
}

/// Show a kind
///
/// One that no registered worker knows and that is not paused is not found.
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
    let (workers, paused) = found.ok_or_else(|| Problem::missing(format!("kind {kind}")))?;
    Ok(ok(&document(&kind, workers, paused.as_ref())))
}

/// The kind as it is now, whether or not somebody knows it.
pub(super) async fn now(api: &Api, kind: &str) -> Result<Response, Problem> {
    let (workers, paused) = known(api.store()).await?.remove(kind).unwrap_or_default();
    Ok(ok(&document(kind, workers, paused.as_ref())))
}
