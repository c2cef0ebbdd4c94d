//! What is said of a user: a role or scopes, where, and a password.

use serde::Deserialize;
use utoipa::ToSchema;
use windlass::token::{Grant, Scope};
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
}

impl NewUser {
    pub(super) async fn user(self) -> Result<User, Problem> {
        let Self { name, password, role, scopes, queues, kinds } = self;
        let grant = May { role, scopes, queues, kinds }.grant()?.ok_or_else(neither)?;
        Ok(User { name, password: hashed(password).await?, grant })
    }
}

impl ChangedUser {
    /// The change of somebody who may do this: what is not said stays.
    pub(super) async fn change(self, now: &Grant) -> Result<UserChange, Problem> {
        let Self { password, role, scopes, queues, kinds } = self;
        let is_said = role.is_some() || scopes.is_some() || queues.is_some() || kinds.is_some();
        let may = May {
            scopes: scopes.or_else(|| role.is_none().then(|| now.scopes.clone())),
            role,
            queues: queues.or_else(|| Some(now.queues.clone())),
            kinds: kinds.or_else(|| Some(now.kinds.clone())),
        };
        let grant = if is_said { may.grant()? } else { None };
        Ok(UserChange { password: hashed(password).await?, grant })
    }
}

/// What is said of what somebody may do: all of it, or nothing.
struct May {
    role: Option<String>,
    scopes: Option<Vec<Scope>>,
    queues: Option<Vec<String>>,
    kinds: Option<Vec<String>>,
}

impl May {
    /// The grant that is said, where one is.
    fn grant(self) -> Result<Option<Grant>, Problem> {
        let Self { role, scopes, queues, kinds } = self;
        let scopes = match (role, scopes) {
            (Some(_), Some(_)) => return Err(both()),
            (Some(role), None) => of_role(&role)?,
            (None, Some(scopes)) => scopes,
            (None, None) if queues.is_some() || kinds.is_some() => return Err(neither()),
            (None, None) => return Ok(None),
        };
        let (queues, kinds) = (queues.unwrap_or_default(), kinds.unwrap_or_default());
        Ok(Some(Grant { scopes, queues, kinds }))
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
