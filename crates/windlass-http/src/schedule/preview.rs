//! When schedules are due next: `preview.v1`.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use windlass::Timestamp;
use windlass::schedule::{ScheduleError, Timetable, UTC};

use super::list::of;
use super::new::schedule;
use crate::access::{May, Read};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::{Asked, Body, Named};
use crate::limits::PREVIEW;
use crate::name::ScheduleName;
use crate::problem::Problem;
use crate::schema;

/// The next due times of a schedule or a rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub struct PreviewBody<'a> {
    /// The schedule's name; null of a rule that is only tried.
    name: Option<&'a str>,
    /// The zone whose clocks it goes by.
    zone: &'a str,
    /// The due times, the first one first.
    due: Vec<Due>,
}

/// A due time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DueTime)]
struct Due {
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// As the clocks of the zone show it.
    local: String,
}

/// How many due times, and from when on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// So many; 10 unless given.
    #[param(minimum = 1, maximum = 100)]
    n: Option<u16>,
    /// After this moment, in place of now.
    #[param(value_type = Option<schema::Moment>)]
    after: Option<Timestamp>,
}

/// A rule that is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriedRule {
    /// A cron line of 5 or 6 fields, or an interval such as `every 15m`.
    #[schema(max_length = 256)]
    rule: String,
    /// The zone whose clocks it goes by, such as `Europe/Berlin`; UTC unless given.
    #[schema(max_length = 64)]
    zone: Option<String>,
    /// So many due times; 10 unless given.
    #[schema(minimum = 1, maximum = 100)]
    n: Option<u16>,
    /// After this moment, in place of now.
    #[schema(value_type = Option<schema::Moment>)]
    after: Option<Timestamp>,
}

/// Due times by a timetable, as `preview.v1`.
#[must_use]
pub fn preview<'a>(
    name: Option<&'a str>,
    zone: &'a str,
    timetable: &Timetable,
    due: &[Timestamp],
) -> Document<PreviewBody<'a>> {
    let due = due.iter().map(|at| Due { at: *at, local: timetable.local(*at) });
    Document::new("preview.v1", PreviewBody { name, zone, due: due.collect() })
}

/// Show when a schedule is due next
///
/// As it is without a pause. Nothing is changed.
#[utoipa::path(
    get,
    path = "/schedules/{name}/next",
    tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name.", max_length = 128), Wanted),
    responses((status = 200, description = "Its due times.", body = Document<PreviewBody>))
)]
pub(super) async fn next(
    _may: May<Read>,
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let out_of_range = |detail| Problem::parameter("n", detail);
    let number = number(wanted.n).map_err(out_of_range)?;
    let record = of(&api, &name).await?;
    let cannot = |error: ScheduleError| Problem::conflict(format!("schedule {name}: {error}"));
    let timetable = record.definition.timetable().map_err(cannot)?;
    let after = after(&api, wanted.after).await?;
    let due = record.preview(after, number).map_err(cannot)?;
    Ok(ok(&preview(Some(&name), &record.definition.zone, &timetable, &due)))
}

/// Try a rule
///
/// When a schedule with this rule would be due, were it made now. Nothing is written.
#[utoipa::path(
    post,
    path = "/schedule-preview",
    tag = "schedules",
    request_body = TriedRule,
    responses((status = 200, description = "Its due times.", body = Document<PreviewBody>))
)]
pub(super) async fn preview_rule(
    _may: May<Read>,
    State(api): State<Api>,
    Body(tried): Body<TriedRule>,
) -> Result<Response, Problem> {
    let out_of_range = |detail| Problem::body("/n".to_owned(), detail);
    let number = number(tried.n).map_err(out_of_range)?;
    let timetable = schedule(&tried.rule, tried.zone.as_deref())?.timetable();
    let timetable =
        timetable.map_err(|error| Problem::body("/rule".to_owned(), error.to_string()))?;
    let after = after(&api, tried.after).await?;
    let due = timetable.preview(after, after, number);
    Ok(ok(&preview(None, tried.zone.as_deref().unwrap_or(UTC), &timetable, &due)))
}

fn number(asked: Option<u16>) -> Result<usize, String> {
    match asked.unwrap_or(10) {
        number @ 1..=PREVIEW => Ok(usize::from(number)),
        number => Err(format!("expected 1 to {PREVIEW}, found {number}")),
    }
}

async fn after(api: &Api, asked: Option<Timestamp>) -> Result<Timestamp, Problem> {
    match asked {
        Some(moment) => Ok(moment),
        None => Ok(api.store().facts().await?.now),
    }
}
