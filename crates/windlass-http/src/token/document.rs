//! A token as JSON: `token.v1`. Without its secret.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::token::{Scope, TokenRecord};

use crate::answer::Document;
use crate::schema;

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenBody<'a> {
    /// Its name, for people.
    name: &'a str,
    /// The last letters of its secret.
    hint: &'a str,
    /// What it is good for.
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: &'a [Scope],
    /// Queues, or patterns of queues, that it is limited to; empty for all.
    queues: &'a [String],
    /// Kinds, or patterns of kinds, that it is limited to; empty for all.
    kinds: &'a [String],
    /// Tags that it is limited to, letter by letter; empty for all.
    tags: &'a [String],
    /// When it was made.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// Until when it can be used.
    #[schema(value_type = Option<schema::Moment>)]
    expires_at: Option<Timestamp>,
}

/// A token as `token.v1`.
#[must_use]
pub fn document(record: &TokenRecord) -> Document<TokenBody<'_>> {
    Document::new("token.v1", body(record))
}

pub(super) fn body(record: &TokenRecord) -> TokenBody<'_> {
    let token = &record.token;
    TokenBody {
        name: &token.name,
        hint: &token.hint,
        scopes: &token.grant.scopes,
        queues: &token.grant.queues,
        kinds: &token.grant.kinds,
        tags: &token.grant.tags,
        created_at: record.created_at,
        expires_at: token.expires_at,
    }
}
