//! Operations, newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use windlass::OperationId;
use windlass::operation::OperationRecord;

use super::document::{OperationBody, document};
use super::named::sees;
use crate::access::{MayIn, Read};
use crate::answer::{Document, Items};
use crate::api::Api;
use crate::extract::Asked;
use crate::page::{self, PageCursor};
use crate::problem::Problem;

/// Operations that are looked through at once for who is limited to some, and how often.
const LOOK: usize = 500;
const LOOKS: usize = 20;

/// Which page of the operations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// At most so many; 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// `next` or `prev` of another page.
    cursor: Option<String>,
}

/// List operations
///
/// The newest first. Who is limited to some queues, kinds or tags gets those that are about these alone, of the
/// newest 10,000.
#[utoipa::path(
    get,
    path = "/operations",
    tag = "operations",
    params(Listed),
    responses((status = 200, description = "A page of operations.", body = Items<Document<OperationBody>>))
)]
pub(super) async fn list(
    may: MayIn<Read>,
    State(api): State<Api>,
    Asked(listed): Asked<Listed>,
) -> Result<Response, Problem> {
    let size = page::size(listed.limit)?;
    let place = PageCursor::of(listed.cursor.as_deref())?;
    let found = seen(&may, &api, (place.start, size + 1)).await?;
    Ok(page::answer(&found, (&place, size), |one: &OperationRecord| one.id, document))
}

/// So many operations that the caller sees, or what there is of them among the newest 10,000: a page never ends at another's.
async fn seen(
    may: &MayIn<Read>,
    api: &Api,
    (mut before, many): (Option<OperationId>, usize),
) -> Result<Vec<OperationRecord>, Problem> {
    let look = if may.caller.grant().is_limited() { LOOK } else { many };
    let mut seen = Vec::new();
    for _ in 0..LOOKS {
        let found = api.client().operations(before, look).await?;
        let is_all = found.len() < look;
        before = found.last().map(|last| last.id);
        seen.extend(found.into_iter().filter(|one| sees(may, one)));
        if is_all || seen.len() >= many {
            break;
        }
    }
    seen.truncate(many);
    Ok(seen)
}
