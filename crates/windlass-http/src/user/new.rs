//! What is said of a user: a role or scopes, where, and a password.

use serde::Deserialize;
use utoipa::ToSchema;
use windlass::token::{Grant, GrantChange, Scope};
use windlass::user::{ParseRoleError, PasswordHash, Role, User, UserChange};

use crate::access::password;
use crate::problem::Problem;
use crate::schema;

/// A user to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// Their name, as they write it when they sign in, and as a proxy says it.
    #[schema(min_length = 1)]
    pub(super) name: String,
    /// Their password; without one a proxy alone lets them in.
    #[schema(min_length = 12, max_length = 1024)]
    pub(super) password: Option<String>,
    /// The scopes that go together. Either this or `scopes`.
    #[schema(value_type = Option<schema::Role>)]
    role: Option<String>,
    /// What they may do. Either this or `role`.
    #[schema(value_type = Option<Vec<schema::Scope>>)]
    scopes: Option<Vec<Scope>>,
    /// Queues, or patterns of queues, that they are limited to; all unless given.
    #[schema(max_items = 100)]
    queues: Option<Vec<String>>,
    /// Kinds, or patterns of kinds, that they are limited to; all unless given.
    #[schema(max_items = 100)]
    kinds: Option<Vec<String>>,
    /// Tags that they are limited to, letter by letter: they see and touch only jobs that bear one of them. All unless given.
    #[schema(max_items = 100)]
    tags: Option<Vec<String>>,
}

/// What is to be different of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedUser {
    /// Another password; it stays unless given.
    #[schema(min_length = 12, max_length = 1024)]
    pub(super) password: Option<String>,
    /// The scopes that go together. Either this or `scopes`; both stay unless one is given.
    #[schema(value_type = Option<schema::Role>)]
    role: Option<String>,
    /// What they may do. Either this or `role`.
    #[schema(value_type = Option<Vec<schema::Scope>>)]
    scopes: Option<Vec<Scope>>,
    /// Queues, or patterns of queues, that they are limited to; they stay unless given, and an empty list is for all.
    #[schema(max_items = 100)]
    queues: Option<Vec<String>>,
    /// Kinds, or patterns of kinds, that they are limited to; they stay unless given, and an empty list is for all.
    #[schema(max_items = 100)]
    kinds: Option<Vec<String>>,
    /// Tags that they are limited to, letter by letter; they stay unless given, and an empty list is for all.
    #[schema(max_items = 100)]
    tags: Option<Vec<String>>,
}

impl NewUser {
    pub(super) async fn user(self) -> Result<User, Problem> {
        let Self { name, password, role, scopes, queues, kinds, tags } = self;
        let scopes = said(role, scopes)?.ok_or_else(neither)?;
        let [queues, kinds, tags] = [queues, kinds, tags].map(Option::unwrap_or_default);
        let grant = Grant { scopes, queues, kinds, tags };
        Ok(User { name, password: hashed(password).await?, grant })
    }
}

impl ChangedUser {
    pub(super) async fn change(self) -> Result<UserChange, Problem> {
        let Self { password, role, scopes, queues, kinds, tags } = self;
        let grant = GrantChange { scopes: said(role, scopes)?, queues, kinds, tags };
        Ok(UserChange { password: hashed(password).await?, grant })
    }
}

/// The scopes that a role or a list says.
fn said(role: Option<String>, scopes: Option<Vec<Scope>>) -> Result<Option<Vec<Scope>>, Problem> {
    match (role, scopes) {
        (Some(_), Some(_)) => Err(both()),
        (Some(role), None) => of_role(&role).map(Some),
        (None, scopes) => Ok(scopes),
    }
}

fn of_role(role: &str) -> Result<Vec<Scope>, Problem> {
    let wrong = |error: ParseRoleError| Problem::body("/role".to_owned(), error.to_string());
    Ok(role.parse::<Role>().map_err(wrong)?.scopes().to_vec())
}

fn both() -> Problem {
    Problem::body("/scopes".to_owned(), "expected `role` or `scopes`, not both")
}

fn neither() -> Problem {
    Problem::body("/role".to_owned(), "expected a role or scopes")
}

/// The hash of a password that is said.
async fn hashed(password: Option<String>) -> Result<Option<PasswordHash>, Problem> {
    match password {
        Some(text) => Ok(Some(password::hashed(text, "/password").await?)),
        None => Ok(None),
    }
}
