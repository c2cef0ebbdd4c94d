//! What is asked of an operation.

use axum::extract::State;
use axum::response::Response;
use windlass::OperationId;
use windlass::operation::{Control, Controlled, OperationRecord};
use windlass::store::Now;

use super::document::{OperationBody, document};
use super::named::find;
use crate::access::{MayIn, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Named;
use crate::problem::{Code, Problem};

/// Pause an operation
///
/// It goes no further until it is resumed. One that is over stays so: 409.
#[utoipa::path(
    post,
    path = "/operations/{id}/pause",
    tag = "operations",
    params(("id" = String, Path, description = "The operation's id.")),
    responses((status = 200, description = "The operation as it is now.", body = Document<OperationBody>))
)]
pub(super) async fn pause(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<OperationId>,
) -> Result<Response, Problem> {
    control(&may, &api, (id, Control::Pause)).await
}

/// Resume an operation
///
/// It goes on. One that is over stays so: 409.
#[utoipa::path(
    post,
    path = "/operations/{id}/resume",
    tag = "operations",
    params(("id" = String, Path, description = "The operation's id.")),
    responses((status = 200, description = "The operation as it is now.", body = Document<OperationBody>))
)]
pub(super) async fn resume(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<OperationId>,
) -> Result<Response, Problem> {
    control(&may, &api, (id, Control::Resume)).await
}

/// Stop an operation
///
/// It goes no further at all; what was done stays, until it is undone. One that is over stays so: 409.
#[utoipa::path(
    post,
    path = "/operations/{id}/stop",
    tag = "operations",
    params(("id" = String, Path, description = "The operation's id.")),
    responses((status = 200, description = "The operation as it is now.", body = Document<OperationBody>))
)]
pub(super) async fn stop(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<OperationId>,
) -> Result<Response, Problem> {
    control(&may, &api, (id, Control::Stop)).await
}

/// Undo an operation
///
/// What the operation wrote is taken back, in rounds: every job that nobody has touched since is as it was. A retried or moved job
/// that has started since keeps what it did, and is counted in `kept` as `touched`, as others are with their reasons. What was asked
/// of running jobs cannot be taken back. After its time, and once it is undone, it cannot be: 409.
#[utoipa::path(
    post,
    path = "/operations/{id}/undo",
    tag = "operations",
    params(("id" = String, Path, description = "The operation's id.")),
    responses((status = 200, description = "The operation as it is now.", body = Document<OperationBody>))
)]
pub(super) async fn undo(
    may: MayIn<Operate>,
    State(api): State<Api>,
    Named(id): Named<OperationId>,
) -> Result<Response, Problem> {
    control(&may, &api, (id, Control::Undo)).await
}

async fn control(
    may: &MayIn<Operate>,
    api: &Api,
    (id, control): (OperationId, Control),
) -> Result<Response, Problem> {
    find(may, api, id).await?;
    match api.store().control_operation(id, control, Now::Database).await? {
        Controlled::Done(record) => Ok(ok(&document(&record))),
        Controlled::Unfit(record) => Err(unfit(&record, control)),
        Controlled::Missing => Err(id.missing().into()),
        _ => Err(Problem::new(Code::Internal, "the store's answer is not known")),
    }
}

fn unfit(record: &OperationRecord, control: Control) -> Problem {
    let OperationRecord { id, state, .. } = record;
    let late = record.undo_until.is_some_and(|_| control == Control::Undo);
    let why = if late { ", and its time is over" } else { "" };
    let word = control.word();
    Problem::conflict(format!(
        "{id} is {state}{why}: there is nothing to {word}; nothing was changed"
    ))
}
