//! Listing, adding, changing and removing users.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use windlass::store::Now;
use windlass::user::UserRecord;

use super::document::{UserBody, document};
use super::new::{ChangedUser, NewUser};
use crate::access::{Admin, May};
use crate::answer::{Document, Items, created, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::page;
use crate::problem::{Code, Problem};

/// List users
#[utoipa::path(
    get,
    path = "/users",
    tag = "users",
    responses((status = 200, description = "All of them.", body = Items<Document<UserBody>>))
)]
pub(super) async fn list(_may: May<Admin>, State(api): State<Api>) -> Result<Response, Problem> {
    let users = api.store().users().await?;
    let items: Vec<_> = users.iter().map(document).collect();
    Ok(page::whole(items))
}

/// Show a user
///
/// One that is not there is 404.
#[utoipa::path(
    get,
    path = "/users/{name}",
    tag = "users",
    params(("name" = String, Path, description = "The user's name.")),
    responses((status = 200, description = "The user.", body = Document<UserBody>))
)]
pub(super) async fn show(
    _may: May<Admin>,
    State(api): State<Api>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    shown(&api, &name).await.map(|found| ok(&document(&found)))
}

async fn shown(api: &Api, name: &str) -> Result<UserRecord, Problem> {
    api.store().user(name).await?.ok_or_else(|| none(name))
}

fn none(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no user {name}"))
}

/// Add a user
///
/// A name that a user or a token has is 409.
#[utoipa::path(
    post,
    path = "/users",
    tag = "users",
    request_body = NewUser,
    responses((status = 201, description = "They can sign in.", body = Document<UserBody>))
)]
pub(super) async fn create(
    _may: May<Admin>,
    State(api): State<Api>,
    Body(asked): Body<NewUser>,
) -> Result<Response, Problem> {
    let user = asked.user().await?;
    if !api.store().add_user(&user, Now::Database).await? {
        let detail = format!("there is a user or a token {}; nothing was written", user.name);
        return Err(Problem::new(Code::Conflict, detail));
    }
    Ok(created(&document(&shown(&api, &user.name).await?)))
}

/// Change a user
///
/// What is not given stays. Their sessions are over: they sign in again. One that is not there is 404.
#[utoipa::path(
    put,
    path = "/users/{name}",
    tag = "users",
    params(("name" = String, Path, description = "The user's name.")),
    request_body = ChangedUser,
    responses((status = 200, description = "As they are now.", body = Document<UserBody>))
)]
pub(super) async fn change(
    _may: May<Admin>,
    State(api): State<Api>,
    Named(name): Named<String>,
    Body(asked): Body<ChangedUser>,
) -> Result<Response, Problem> {
    let change = asked.change().await?;
    if !api.store().change_user(&name, &change).await? {
        return Err(none(&name));
    }
    shown(&api, &name).await.map(|found| ok(&document(&found)))
}

/// Remove a user
///
/// Their sessions are over at once. One that is not there is 404.
#[utoipa::path(
    delete,
    path = "/users/{name}",
    tag = "users",
    params(("name" = String, Path, description = "The user's name.")),
    responses((status = 200, description = "They are gone.", body = Document<RemovedBody>))
)]
pub(super) async fn remove(
    _may: May<Admin>,
    State(api): State<Api>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    if !api.store().remove_user(&name).await? {
        return Err(none(&name));
    }
    Ok(ok(&Document::new("user_removed.v1", RemovedBody { name })))
}

/// A user who was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedUser)]
struct RemovedBody {
    name: String,
}

/// End a user's sessions
///
/// Wherever they are signed in, they sign in again. A user who is not there is 404.
#[utoipa::path(
    delete,
    path = "/users/{name}/sessions",
    tag = "users",
    params(("name" = String, Path, description = "The user's name.")),
    responses((status = 200, description = "They are over.", body = Document<EndedSessions>))
)]
pub(super) async fn end_sessions(
    _may: May<Admin>,
    State(api): State<Api>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    shown(&api, &name).await?;
    let sessions = api.store().end_sessions(&name).await?;
    Ok(ok(&Document::new("sessions_ended.v1", EndedSessions { name, sessions })))
}

/// Sessions of a user that are over.
#[derive(Debug, Serialize, ToSchema)]
struct EndedSessions {
    /// Whose.
    name: String,
    /// How many.
    sessions: u64,
}
