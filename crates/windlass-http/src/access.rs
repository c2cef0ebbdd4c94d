//! Access: who asks, and what they may.
//!
//! Each handler takes [`May`] with the scope that it needs, so that none can be reached without a check.

mod may;

pub(crate) use may::{Enqueue, May, Operate, Publish, Read};

use std::sync::Arc;

use axum::http::request::Parts;

use crate::problem::Problem;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Look at everything.
    Read,
    /// Write jobs.
    Enqueue,
    /// Publish events.
    Publish,
    /// Claim and settle jobs.
    Work,
    /// Change what is there: cancel, retry, pause.
    Operate,
    /// Everything.
    Admin,
}

impl Scope {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Enqueue => "enqueue",
            Self::Publish => "publish",
            Self::Work => "work",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    name: Arc<str>,
    scopes: Arc<[Scope]>,
}

impl Caller {
    /// Somebody with these scopes.
    pub fn new(name: impl Into<Arc<str>>, scopes: impl Into<Arc<[Scope]>>) -> Self {
        Self { name: name.into(), scopes: scopes.into() }
    }

    /// Their name, for what is kept of what they do.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether they may.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| *own == scope || *own == Scope::Admin)
    }
}

/// How it is found out who asks.
#[derive(Debug, Clone)]
pub struct Access(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Open(Caller),
}

impl Access {
    /// Everybody may do everything: for an address that nobody else can reach, or behind a check of your own.
    #[must_use]
    pub fn open() -> Self {
        Self(Kind::Open(Caller::new("anybody", [Scope::Admin])))
    }

    /// Who sends this request.
    #[expect(clippy::unused_async, reason = "who asks is looked up once there are tokens")]
    pub(crate) async fn caller(&self, _request: &Parts) -> Result<Caller, Problem> {
        let Kind::Open(caller) = &self.0;
        Ok(caller.clone())
    }
}
