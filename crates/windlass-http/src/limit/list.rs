//! The limits that are set.

use axum::extract::State;
use axum::response::Response;
use windlass::edit::Edition;
use windlass::limit::{LimitOn, LimitRecord};

use super::document::{LimitBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::conditional::of_edition;
use crate::extract::Named;
use crate::page;
use crate::problem::Problem;

/// List limits
///
/// Those that are set, with what of them is used, all on one page.
#[utoipa::path(
    get,
    path = "/limits",
    tag = "limits",
    responses((status = 200, description = "The limits.", body = Items<Document<LimitBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let limits = api.client().limits().await?;
    Ok(page::whole(limits.iter().map(document).collect()))
}

/// Show a limit
///
/// Where none is set for it, it is not found.
#[utoipa::path(
    get,
    path = "/limits/{on}",
    tag = "limits",
    params(("on" = String, Path, description = "What it is set for: queue:NAME, kind:NAME or key:NAME.")),
    responses((status = 200, description = "The limit.", body = Document<LimitBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(on): Named<LimitOn>,
) -> Result<Response, Problem> {
    now(&api, &on).await
}

/// The limit as it is now.
pub(super) async fn now(api: &Api, on: &LimitOn) -> Result<Response, Problem> {
    let record = of(api, on).await?.ok_or_else(|| none(on))?;
    Ok(of_edition(ok(&document(&record)), &Edition::of_limit(&record)))
}

pub(super) fn none(on: &LimitOn) -> Problem {
    Problem::missing(format!("a limit for {on}"))
}

/// The limit that is set for this, where there is one.
pub(super) async fn of(api: &Api, on: &LimitOn) -> Result<Option<LimitRecord>, Problem> {
    Ok(api.client().limits().await?.into_iter().find(|record| record.limit.on == *on))
}
