//! Schedules, and one of them.

use axum::extract::State;
use axum::response::Response;
use windlass::edit::Edition;
use windlass::schedule::ScheduleRecord;

use super::document::{ScheduleBody, document};
use crate::access::{May, Read};
use crate::answer::{Document, Items, ok};
use crate::api::Api;
use crate::conditional::of_edition;
use crate::extract::Named;
use crate::name::ScheduleName;
use crate::page;
use crate::problem::Problem;

/// List schedules
///
/// By name and all on one page; those that were removed although a program declares them are among them.
#[utoipa::path(
    get,
    path = "/schedules",
    tag = "schedules",
    responses((status = 200, description = "The schedules.", body = Items<Document<ScheduleBody>>))
)]
pub(super) async fn list(_may: May<Read>, State(api): State<Api>) -> Result<Response, Problem> {
    let schedules = api.client().schedules().await?;
    Ok(page::whole(schedules.iter().map(|one| document(one, api.redaction())).collect()))
}

/// Show a schedule
#[utoipa::path(
    get,
    path = "/schedules/{name}",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128)),
    responses((status = 200, description = "The schedule.", body = Document<ScheduleBody>))
)]
pub(super) async fn show(
    _may: May<Read>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Result<Response, Problem> {
    now(&api, &name).await
}

/// The schedule as it is now.
pub(super) async fn now(api: &Api, name: &str) -> Result<Response, Problem> {
    let record = of(api, name).await?;
    Ok(of_edition(ok(&document(&record, api.redaction())), &Edition::of_schedule(&record)))
}

/// The schedule with this name.
pub(super) async fn of(api: &Api, name: &str) -> Result<ScheduleRecord, Problem> {
    api.client().schedule(name).await?.ok_or_else(|| none(name))
}

pub(super) fn none(name: &str) -> Problem {
    Problem::missing(format!("schedule {name}"))
}
