//! A user as JSON: `user.v1`. Without the hash of their password.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::token::Scope;
use windlass::user::{Role, UserRecord};

use crate::answer::Document;
use crate::schema;

/// A user, without their password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserBody<'a> {
    /// Their name, as they write it when they sign in.
    name: &'a str,
    /// The role that stands for exactly these scopes, where there is one.
    #[schema(value_type = Option<schema::Role>)]
    role: Option<&'static str>,
    /// What they may do.
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: &'a [Scope],
    /// Queues, or patterns of queues, that they are limited to; empty for all.
    queues: &'a [String],
    /// Kinds, or patterns of kinds, that they are limited to; empty for all.
    kinds: &'a [String],
    /// Tags that they are limited to, letter by letter; empty for all.
    tags: &'a [String],
    /// Whether they can sign in. Otherwise a proxy alone lets them in.
    has_password: bool,
    /// When they were added.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

/// A user as `user.v1`.
#[must_use]
pub fn document(record: &UserRecord) -> Document<UserBody<'_>> {
    let UserRecord { user, created_at } = record;
    let body = UserBody {
        name: &user.name,
        role: Role::of(&user.grant.scopes).map(Role::word),
        scopes: &user.grant.scopes,
        queues: &user.grant.queues,
        kinds: &user.grant.kinds,
        tags: &user.grant.tags,
        has_password: user.password.is_some(),
        created_at: *created_at,
    };
    Document::new("user.v1", body)
}
