//! Who asks, as JSON: `session.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::Timestamp;
use windlass::token::Scope;
use windlass::user::Role;

use crate::access::{Caller, Credential};
use crate::answer::Document;
use crate::schema;

/// Who asks, and what they may.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionBody<'a> {
    /// Their name: a token's, a user's, or what the program says that the API is nested in.
    name: &'a str,
    /// How they showed who they are.
    by: By,
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
    /// When the session ends if it is not used again; null for all but sessions.
    #[schema(value_type = Option<schema::Moment>)]
    ends_at: Option<Timestamp>,
}

/// How somebody showed who they are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum By {
    /// Nobody is asked.
    Nothing,
    /// A bearer token.
    Token,
    /// A password, when the session began.
    Session,
    /// A proxy says so.
    Proxy,
    /// The program says so that the API is nested in.
    Program,
}

pub(super) fn document(caller: &Caller) -> Document<SessionBody<'_>> {
    let (by, ends_at) = match caller.credential() {
        Credential::None => (By::Nothing, None),
        Credential::Token => (By::Token, None),
        Credential::Session { ends_at, .. } => (By::Session, Some(ends_at)),
        Credential::Proxy => (By::Proxy, None),
        Credential::Program => (By::Program, None),
    };
    let grant = caller.grant();
    let body = SessionBody {
        name: caller.name(),
        by,
        role: Role::of(&grant.scopes).map(Role::word),
        scopes: &grant.scopes,
        queues: &grant.queues,
        kinds: &grant.kinds,
        tags: &grant.tags,
        ends_at,
    };
    Document::new("session.v1", body)
}
