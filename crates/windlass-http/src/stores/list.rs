//! The stores, and how each is.

use axum::extract::State;
use axum::response::Response;
use futures_util::future::join_all;
use windlass::StoreError;
use windlass::health::Thresholds;

use super::document::{Look, StoreBody, document};
use super::{LOOK_TIME, Several};
use crate::access::{May, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::health::examine;
use crate::page;
use crate::problem::Problem;

/// List stores
///
/// Those of a server that has several, and how each is. One that is away does not keep the others from being told. A server of one
/// store lists none: it has no names for it.
#[utoipa::path(
    get,
    path = "/stores",
    tag = "stores",
    responses((status = 200, description = "All stores.", body = Items<Document<StoreBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let items = match api.several() {
        Some(several) => {
            let looks = several.stores.names().map(|name| async move {
                let look = look(several, name).await;
                document(name, name == several.default_store(), look)
            });
            join_all(looks).await
        }
        None => Vec::new(),
    };
    Ok(page::whole(items))
}

async fn look(several: &Several, name: &str) -> Look {
    let found = async {
        let store = several.stores.store(name).await?;
        let checks = examine(&*store, &Thresholds::default()).await?;
        Ok((store.capped_counts().await?, checks))
    };
    let late = |_| {
        let reason = format!("store {name}: it has not answered within {LOOK_TIME:?}");
        Err(StoreError::Unavailable { reason })
    };
    tokio::time::timeout(LOOK_TIME, found).await.unwrap_or_else(late)
}
