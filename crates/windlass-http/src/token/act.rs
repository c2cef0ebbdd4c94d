//! Listing, making and removing tokens.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::store::Now;
use windlass::token::{Grant, Scope, TokenRecord};

use super::document::{TokenBody, body, document};
use crate::access::{Admin, May, Secret};
use crate::answer::{Document, Items, created, ok};
use crate::api::Api;
use crate::extract::{Body, Named};
use crate::limits::LONGEST_TOKEN;
use crate::page;
use crate::problem::{Code, Problem};
use crate::schema;

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// Its name, for people: who uses it.
    name: String,
    /// What it is good for.
    #[schema(value_type = Vec<schema::Scope>, min_items = 1)]
    scopes: Vec<Scope>,
    /// Queues, or patterns of queues, that it is limited to; all unless given.
    #[serde(default)]
    #[schema(max_items = 100)]
    queues: Vec<String>,
    /// Kinds, or patterns of kinds, that it is limited to; all unless given.
    #[serde(default)]
    #[schema(max_items = 100)]
    kinds: Vec<String>,
    /// Tags that it is limited to, letter by letter: it sees and touches only jobs that bear one of them. All unless given.
    #[serde(default)]
    #[schema(max_items = 100)]
    tags: Vec<String>,
    /// It can be used for so long; for ever unless given.
    #[schema(minimum = 1)]
    expires_ms: Option<u64>,
}

/// A token that was made, with its secret: it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewTokenSecret)]
struct CreatedBody<'a> {
    #[serde(flatten)]
    token: TokenBody<'a>,
    /// What its user sends as `Authorization: Bearer SECRET`.
    secret: &'a str,
}

/// List tokens
///
/// Without their secrets, which nobody keeps.
#[utoipa::path(
    get,
    path = "/tokens",
    tag = "tokens",
    responses((status = 200, description = "All of them.", body = Items<Document<TokenBody>>))
)]
pub(super) async fn list(_may: May<Admin>, State(api): State<Api>) -> Result<Response, Problem> {
    let tokens = api.store().tokens().await?;
    let items: Vec<_> = tokens.iter().map(document).collect();
    Ok(page::whole(items))
}

/// Show a token
///
/// Without its secret, which nobody keeps. A token that is not there is 404.
#[utoipa::path(
    get,
    path = "/tokens/{name}",
    tag = "tokens",
    params(("name" = String, Path, description = "The token's name.")),
    responses((status = 200, description = "The token.", body = Document<TokenBody>))
)]
pub(super) async fn show(
    _may: May<Admin>,
    State(api): State<Api>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    let tokens = api.store().tokens().await?;
    let found = tokens.iter().find(|one| one.token.name == name);
    Ok(ok(&document(found.ok_or_else(|| none(&name))?)))
}

fn none(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no token {name}"))
}

/// Make a token
///
/// The answer has its secret, which is shown this once. A name that is taken is 409.
#[utoipa::path(
    post,
    path = "/tokens",
    tag = "tokens",
    request_body = NewToken,
    responses((status = 201, description = "It can be used.", body = Document<CreatedBody>))
)]
pub(super) async fn create(
    _may: May<Admin>,
    State(api): State<Api>,
    Body(asked): Body<NewToken>,
) -> Result<Response, Problem> {
    let NewToken { name, scopes, queues, kinds, tags, expires_ms } = asked;
    let (secret, now) = (Secret::new()?, Timestamp::wall_clock());
    let expires_at = expires_ms.map(|ms| expiry(now, Duration::from_millis(ms))).transpose()?;
    let token = secret.token(&name, Grant { scopes, queues, kinds, tags }, expires_at);
    if !api.store().add_token(&token, Now::Database).await? {
        let detail = format!("there is a token {name}; nothing was written");
        return Err(Problem::new(Code::Conflict, detail));
    }
    let record = TokenRecord { token, created_at: now };
    let body = CreatedBody { token: body(&record), secret: secret.as_str() };
    Ok(created(&Document::new("token_secret.v1", body)))
}

fn expiry(now: Timestamp, after: Duration) -> Result<Timestamp, Problem> {
    if after.is_zero() || after > LONGEST_TOKEN {
        let detail = format!("expected 1 to {}", LONGEST_TOKEN.as_millis());
        return Err(Problem::body("/expires_ms".to_owned(), detail));
    }
    Ok(now.after(after))
}

/// Remove a token
///
/// Who uses it is refused a second later at most. A token that is not there is 404.
#[utoipa::path(
    delete,
    path = "/tokens/{name}",
    tag = "tokens",
    params(("name" = String, Path, description = "The token's name.")),
    responses((status = 200, description = "It is gone.", body = Document<RemovedBody>))
)]
pub(super) async fn remove(
    _may: May<Admin>,
    State(api): State<Api>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    if !api.store().remove_token(&name).await? {
        return Err(none(&name));
    }
    Ok(ok(&Document::new("token_removed.v1", RemovedBody { name })))
}

/// A token that was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedToken)]
struct RemovedBody {
    name: String,
}
