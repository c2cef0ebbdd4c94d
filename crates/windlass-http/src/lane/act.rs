//! Lanes that are opened.

use axum::extract::State;
use axum::response::Response;

use super::document::{LaneOpenedBody, opened};
use crate::access::{May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::name::Text;
use crate::problem::{Code, Problem};

/// Open a lane
///
/// One that stands still behind a dead job goes on with the next one; the job stays dead. Where no dead job blocks it, as at
/// a second call, it is not found.
#[utoipa::path(
    post,
    path = "/lanes/{key}/open",
    tag = "lanes",
    params(("key" = String, Path, description = "The lane's key.", max_length = 256)),
    responses((status = 200, description = "It goes on.", body = Document<LaneOpenedBody>))
)]
pub(super) async fn open(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(key): Named<Text>,
) -> Result<Response, Problem> {
    match api.client().open_lane(&key).await? {
        Some(job) => Ok(ok(&opened(&key, job))),
        None => {
            let detail = "the lane does not stand still behind a dead job; nothing was changed";
            Err(Problem::new(Code::NotFound, detail))
        }
    }
}
