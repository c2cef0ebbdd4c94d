//! What is done with schedules.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use windlass::StoreError;
use windlass::edit::Edit;
use windlass::schedule::RanNow;

use super::document::{ScheduleBody, document};
use super::list::{none, now};
use super::new::NewSchedule;
use crate::access::{May, Operate};
use crate::answer::{Document, created, ok};
use crate::api::Api;
use crate::conditional::{Expects, unless_stale};
use crate::ending::{NoteBody, note};
use crate::extract::{Body, MaybeBody, Named};
use crate::job::{self, JobBody};
use crate::name::ScheduleName;
use crate::problem::{Code, Problem};

/// Put a schedule
///
/// It is made, or changed as a whole. From now on a program's declaration does not change it; where this says the same as
/// the declaration, that is followed again. A new rule or zone counts from now. A second call with the same body changes
/// only who changed it last, and when. One whose jobs belong to another of several stores is put below that one's path: 409 here.
#[utoipa::path(
    put,
    path = "/schedules/{name}",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128)),
    request_body = NewSchedule,
    responses((status = 200, description = "The schedule as it is now.", body = Document<ScheduleBody>))
)]
pub(super) async fn put(
    may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
    Expects(expected): Expects,
    Body(body): Body<NewSchedule>,
) -> Result<Response, Problem> {
    let definition = body.definition(&api)?;
    let client = api.client_of(&may.caller);
    let edited = client.edit_schedule(&name, &definition, &expected).await?;
    unless_stale(edited, format!("schedule {name}"))?;
    now(&api, &name).await
}

/// Remove a schedule
///
/// Its jobs stay. One that a program declares stays on the list as removed, and the declaration does not bring it back; a
/// second call forgets that one, so that the next declaration makes it. One that is not there is not found.
#[utoipa::path(
    delete,
    path = "/schedules/{name}",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128)),
    responses(
        (status = 200, description = "It stays on the list as removed.", body = Document<ScheduleBody>),
        (status = 204, description = "It is gone."),
    )
)]
pub(super) async fn remove(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
    Expects(expected): Expects,
) -> Result<Response, Problem> {
    let edit = Edit::RemoveSchedule(name.to_string());
    let edited = api.client().edit(&edit, &expected).await?;
    if !unless_stale(edited, format!("schedule {name}"))? {
        return Err(none(&name));
    }
    Ok(match api.client().schedule(&name).await? {
        Some(left) => ok(&document(&left, api.redaction())),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Pause a schedule
///
/// It enqueues nothing until it is resumed; a declaration does not end the pause, and jobs that are enqueued already run.
/// Once more, it gets the new note and stays paused.
#[utoipa::path(
    post,
    path = "/schedules/{name}/pause",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128)),
    request_body = Option<NoteBody>,
    responses((status = 200, description = "The schedule as it is now.", body = Document<ScheduleBody>))
)]
pub(super) async fn pause(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
    MaybeBody(body): MaybeBody<NoteBody>,
) -> Result<Response, Problem> {
    let note = note("/note", body.note)?;
    if !api.client().pause_schedule(&name, note.as_deref()).await? {
        return Err(none(&name));
    }
    now(&api, &name).await
}

/// Resume a schedule
///
/// What was due meanwhile has no run. One that is not paused stays as it is, so that a second call changes nothing.
#[utoipa::path(
    post,
    path = "/schedules/{name}/resume",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128)),
    responses((status = 200, description = "The schedule as it is now.", body = Document<ScheduleBody>))
)]
pub(super) async fn resume(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Result<Response, Problem> {
    api.client().resume_schedule(&name).await?;
    now(&api, &name).await
}

/// Run a schedule now
///
/// Its job is enqueued, paused or not; its next due time stays. A second call enqueues another job; where the last one has
/// not ended, and the schedule allows none beside it: 409.
#[utoipa::path(
    post,
    path = "/schedules/{name}/run-now",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128)),
    responses((status = 201, description = "The job.", body = Document<JobBody>))
)]
pub(super) async fn run_now(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Result<Response, Problem> {
    match api.client().run_schedule_now(&name).await? {
        RanNow::Enqueued(id) => {
            let job = api.client().job(id).await?.ok_or_else(|| StoreError::no_job(id))?;
            Ok(created(&job::document(&api.redaction().job(job))))
        }
        RanNow::Unfinished(id) => Err(Problem::conflict(format!(
            "{id}, the last job of schedule {name}, has not ended, and it allows none beside it"
        ))),
        _ => Err(Problem::new(Code::Internal, "the store gave an answer that is not known")),
    }
}
