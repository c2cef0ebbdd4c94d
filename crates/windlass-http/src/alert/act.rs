//! Alerts that are not told, and then told again.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::alert::{Mute, MuteName};

use super::document::{AlertMutedBody, AlertUnmutedBody, muted, unmuted};
use crate::access::{May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::ending::{Ending, ending, note};
use crate::extract::Body;
use crate::problem::Problem;
use crate::schema;

/// What is not to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMute {
    /// A type such as `job.failing`, a key such as `job.failing/crm.push`, or `kind/KIND`.
    #[schema(max_length = 512)]
    name: String,
    /// Why, and by whom; it is shown wherever the mute is. At most 1,024 bytes.
    #[schema(max_length = 1024)]
    note: Option<String>,
    /// It ends by itself after this long.
    #[schema(minimum = 1, maximum = 3_153_600_000_000_u64)]
    for_ms: Option<u64>,
    /// It ends by itself at this moment, which is ahead.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
}

/// What is to be told again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Muted {
    /// As it was muted.
    #[schema(max_length = 512)]
    name: String,
}

/// Mute alerts
///
/// A type, one alert, or all that is said of a kind's jobs is not told; the end of what was told is told still. Once more,
/// it gets the note and the end of the new request.
#[utoipa::path(
    post,
    path = "/alerts/mute",
    tag = "alerts",
    request_body = NewMute,
    responses((status = 200, description = "It is muted.", body = Document<AlertMutedBody>))
)]
pub(super) async fn mute(
    _may: May<Operate>,
    State(api): State<Api>,
    Body(body): Body<NewMute>,
) -> Result<Response, Problem> {
    let name = name(&body.name)?;
    let note = note("/note", body.note)?;
    let until = match ending(&api, body.for_ms, body.until).await? {
        None => None,
        Some(Ending::At(moment)) => Some(moment),
        Some(Ending::After(time)) => Some(api.store().facts().await?.now.after(time)),
    };
    let mute = Mute { name, until, note };
    mute.check()?;
    api.client().mute_alerts(&mute).await?;
    Ok(ok(&muted(&mute)))
}

/// Unmute alerts
///
/// What is a problem still is told. What no person has muted stays as it is, so that a second call changes nothing; what the
/// workers' thresholds mute stays muted, and the answer says so.
#[utoipa::path(
    post,
    path = "/alerts/unmute",
    tag = "alerts",
    request_body = Muted,
    responses((status = 200, description = "What is told again.", body = Document<AlertUnmutedBody>))
)]
pub(super) async fn unmute(
    _may: May<Operate>,
    State(api): State<Api>,
    Body(body): Body<Muted>,
) -> Result<Response, Problem> {
    let name = name(&body.name)?;
    let was_muted = api.client().unmute_alerts(&name).await?;
    let alerts = api.client().alerts().await?;
    let declared = alerts.muted.iter().any(|mute| mute.is_declared && mute.name == name);
    Ok(ok(&unmuted(&name, (was_muted, declared))))
}

fn name(text: &str) -> Result<MuteName, Problem> {
    text.parse().map_err(|error: windlass::alert::MuteError| {
        Problem::body("/name".to_owned(), error.to_string())
    })
}
