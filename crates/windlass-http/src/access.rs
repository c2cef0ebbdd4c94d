//! Access: who asks, and what they may.
//!
//! Each handler takes [`May`] or [`MayIn`] with the scope that it needs, so that none can be reached without a check.

mod known;
mod may;
mod secret;

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use windlass::store::Store;
use windlass::token::{Grant, Scope};

pub(crate) use may::{Admin, Enqueue, May, MayIn, Operate, Publish, Read, Work};
pub use secret::Secret;

use crate::problem::{Code, Problem};
use known::Known;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    name: Arc<str>,
    grant: Arc<Grant>,
}

impl Caller {
    /// Somebody who may do this.
    pub fn new(name: impl Into<Arc<str>>, grant: Grant) -> Self {
        Self { name: name.into(), grant: Arc::new(grant) }
    }

    /// Their name, for what is kept of what they do.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they may do.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }
}

/// How it is found out who asks.
#[derive(Debug, Clone)]
pub struct Access(Kind);

#[derive(Clone)]
enum Kind {
    Open(Caller),
    Tokens(Arc<Known>),
    Host(Arc<Check>),
}

/// A check of the program that the API is nested in.
type Check = dyn Fn(&Parts) -> Option<Caller> + Send + Sync;

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open(_) => "Open",
            Self::Tokens(_) => "Tokens",
            Self::Host(_) => "Host",
        })
    }
}

impl Access {
    /// Everybody may do everything: for an address that nobody else can reach.
    #[must_use]
    pub fn open() -> Self {
        Self(Kind::Open(Caller::new("anybody", Grant::everywhere([Scope::Admin]))))
    }

    /// Who has a token of the store, as `Authorization: Bearer TOKEN`. A token that is removed can be used for a second more.
    #[must_use]
    pub fn tokens() -> Self {
        Self(Kind::Tokens(Arc::default()))
    }

    /// Whom a check of yours knows: for an API nested in a program that has users of its own. It is asked for each request.
    pub fn by(check: impl Fn(&Parts) -> Option<Caller> + Send + Sync + 'static) -> Self {
        Self(Kind::Host(Arc::new(check)))
    }

    /// Whether callers are told apart only by where they come from.
    pub(crate) const fn is_by_address(&self) -> bool {
        matches!(self.0, Kind::Open(_))
    }

    /// Who sends this request.
    pub(crate) async fn caller(
        &self,
        request: &Parts,
        store: &dyn Store,
    ) -> Result<Caller, Problem> {
        match &self.0 {
            Kind::Open(caller) => Ok(caller.clone()),
            Kind::Tokens(known) => known.caller(bearer(&request.headers)?, store).await,
            Kind::Host(check) => check(request).ok_or_else(unknown),
        }
    }
}

fn unknown() -> Problem {
    Problem::new(Code::Unauthorized, "nobody is known who sends this request")
}

/// The secret that a request brings.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut said = headers.get_all(header::AUTHORIZATION).iter();
    let missing = || {
        Problem::new(Code::Unauthorized, "a token is missing: send `Authorization: Bearer TOKEN`")
    };
    let value = said.next().ok_or_else(missing)?;
    if said.next().is_some() {
        return Err(Problem::new(Code::Unauthorized, "there are two Authorization headers"));
    }
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => Ok(secret.trim()),
        _ => Err(missing()),
    }
}
