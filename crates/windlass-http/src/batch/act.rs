//! What is done to one batch, or one workflow.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::BatchId;
use windlass::batch::Sealed;
use windlass::limits::NOTE_BYTES;

use super::BatchName;
use crate::access::{Enqueue, May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::check;
use crate::extract::{MaybeBody, Named};
use crate::problem::{Code, Problem};
use crate::schema;

/// A batch that is sealed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BatchSealed)]
pub struct BatchSealedBody {
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
}

/// A batch whose jobs are cancelled.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BatchCancelled)]
pub struct BatchCancelledBody {
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
    /// Jobs that are cancelled.
    cancelled: u64,
    /// Jobs that run, and are told to end.
    told: u64,
}

/// A batch whose dead jobs run again.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BatchRetried)]
pub struct BatchRetriedBody {
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
    /// How many.
    retried: u64,
}

/// A batch that is sealed, as `batch_sealed.v1`.
#[must_use]
pub const fn sealed(id: BatchId) -> Document<BatchSealedBody> {
    Document::new("batch_sealed.v1", BatchSealedBody { id })
}

/// A batch whose jobs are cancelled, and those that run are told to end, as `batch_cancelled.v1`.
#[must_use]
pub const fn cancelled(id: BatchId, (cancelled, told): (u64, u64)) -> Document<BatchCancelledBody> {
    Document::new("batch_cancelled.v1", BatchCancelledBody { id, cancelled, told })
}

/// A batch of which so many dead jobs run again, as `batch_retried.v1`.
#[must_use]
pub const fn retried(id: BatchId, retried: u64) -> Document<BatchRetriedBody> {
    Document::new("batch_retried.v1", BatchRetriedBody { id, retried })
}

/// Why a batch is cancelled.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhyBatch {
    /// For people; it is kept with the jobs.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

/// Seal a batch
///
/// No more jobs come from outside: it ends with the last of its own. One that is sealed stays so: 409.
#[utoipa::path(
    post,
    path = "/batches/{id}/seal",
    tag = "batches",
    params(("id" = String, Path, description = "The batch's id, or its key.")),
    responses((status = 200, description = "It is sealed.", body = Document<BatchSealedBody>))
)]
pub(super) async fn seal(
    _may: May<Enqueue>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
) -> Result<Response, Problem> {
    let id = name.find(&api).await?.id;
    match api.client().seal(id).await? {
        Sealed::Now => Ok(ok(&sealed(id))),
        Sealed::Before => {
            let detail = format!("{id} was sealed before; nothing was changed");
            Err(Problem::new(Code::Conflict, detail))
        }
        Sealed::Missing => Err(Problem::new(Code::NotFound, format!("there is no batch {id}"))),
    }
}

/// Cancel a batch
///
/// All its jobs that have not ended; those that run are told to end. A second call finds none of them.
#[utoipa::path(
    post,
    path = "/batches/{id}/cancel",
    tag = "batches",
    params(("id" = String, Path, description = "The batch's id, or its key.")),
    request_body = Option<WhyBatch>,
    responses((status = 200, description = "How many are cancelled.", body = Document<BatchCancelledBody>))
)]
pub(super) async fn cancel(
    may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
    MaybeBody(why): MaybeBody<WhyBatch>,
) -> Result<Response, Problem> {
    cancel_of(&may, &api, (name, why)).await
}

/// Retry a batch
///
/// Its dead jobs run again, and those that wait for them go on. Where none is dead that is 409.
#[utoipa::path(
    post,
    path = "/batches/{id}/retry",
    tag = "batches",
    params(("id" = String, Path, description = "The batch's id, or its key.")),
    responses((status = 200, description = "How many run again.", body = Document<BatchRetriedBody>))
)]
pub(super) async fn retry(
    may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<BatchName>,
) -> Result<Response, Problem> {
    retry_of(&may, &api, name).await
}

/// Cancels all jobs of a batch or a workflow.
pub(crate) async fn cancel_of(
    may: &May<Operate>,
    api: &Api,
    (name, why): (BatchName, WhyBatch),
) -> Result<Response, Problem> {
    check::at("/reason", why.reason.as_deref(), NOTE_BYTES)?;
    let reason = why.reason.unwrap_or_else(|| format!("cancelled by {}", may.caller.name()));
    let id = name.find(api).await?.id;
    let done = api.client().cancel_batch(id, &reason).await?;
    Ok(ok(&cancelled(id, done)))
}

/// Runs the dead jobs of a batch or a workflow again.
pub(crate) async fn retry_of(
    _may: &May<Operate>,
    api: &Api,
    name: BatchName,
) -> Result<Response, Problem> {
    let id = name.find(api).await?.id;
    match api.client().retry_batch(id).await? {
        0 => {
            let detail = format!("no job of {id} is dead; nothing was changed");
            Err(Problem::new(Code::Conflict, detail))
        }
        number => Ok(ok(&retried(id, number))),
    }
}
