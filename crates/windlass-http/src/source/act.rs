//! What is done to a source.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use windlass::limits::{CURSOR_BYTES, NOTE_BYTES};
use windlass::source::Reset;

use super::document::{SourceBody, document};
use super::{Name, find, none};
use crate::access::{May, Operate};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::check;
use crate::extract::{MaybeBody, Named};
use crate::problem::Problem;

/// Why a source is paused.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourcePause {
    /// Why, and by whom.
    #[schema(max_length = 1024)]
    note: Option<String>,
}

/// Where a source goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceReset {
    /// Behind this cursor; with the oldest record of its feed unless given.
    #[schema(max_length = 4096)]
    to: Option<String>,
}

/// Pause a source
///
/// Nothing of it is read until it is resumed. A second call changes its note.
#[utoipa::path(
    post,
    path = "/sources/{name}/pause",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    request_body = Option<SourcePause>,
    responses((status = 200, description = "It as it is now.", body = Document<SourceBody>))
)]
pub(super) async fn pause(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    MaybeBody(pause): MaybeBody<SourcePause>,
) -> Result<Response, Problem> {
    let note = pause.note.as_deref();
    check::at("/note", note, NOTE_BYTES)?;
    match api.client().pause_source(&name, note).await? {
        true => now(&api, &name).await,
        false => Err(none(&name)),
    }
}

/// Resume a source
///
/// A paused one goes on where it stood, one that has stopped at a gap behind that. One that is read goes on as before.
#[utoipa::path(
    post,
    path = "/sources/{name}/resume",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    responses((status = 200, description = "It as it is now.", body = Document<SourceBody>))
)]
pub(super) async fn resume(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    api.client().resume_source(&name).await?;
    now(&api, &name).await
}

/// Reset a source
///
/// It goes on elsewhere. Records with an id or a number that were imported before do not become events again, so that a second call
/// repeats nothing.
#[utoipa::path(
    post,
    path = "/sources/{name}/reset",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    request_body = Option<SourceReset>,
    responses((status = 200, description = "It as it is now.", body = Document<SourceBody>))
)]
pub(super) async fn reset(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
    MaybeBody(reset): MaybeBody<SourceReset>,
) -> Result<Response, Problem> {
    let to = reset.to.as_deref();
    check::at("/to", to, CURSOR_BYTES)?;
    match api.client().reset_source(&name, to.map_or(Reset::Oldest, Reset::Behind)).await? {
        true => now(&api, &name).await,
        false => Err(none(&name)),
    }
}

/// Remove a source
///
/// With what was put aside; its events stay. A program that declares it makes it again. A second call finds none: 404.
#[utoipa::path(
    delete,
    path = "/sources/{name}",
    tag = "sources",
    params(("name" = String, Path, description = "The source's name.")),
    responses((status = 200, description = "It as it was.", body = Document<SourceBody>))
)]
pub(super) async fn remove(
    _may: May<Operate>,
    State(api): State<Api>,
    Named(Name(name)): Named<Name>,
) -> Result<Response, Problem> {
    let record = find(&api, &name).await?;
    api.client().remove_source(&name).await?;
    Ok(ok(&document(&record)))
}

async fn now(api: &Api, name: &str) -> Result<Response, Problem> {
    Ok(ok(&document(&find(api, name).await?)))
}
