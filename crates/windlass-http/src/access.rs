//! Access: who asks, and what they may.
//!
//! Each handler takes [`May`] or [`MayIn`] with the scope that it needs, so that none can be reached without a check.

mod attempt;
pub(crate) mod described;
mod known;
mod may;
pub(crate) mod password;
mod proxy;
mod secret;
pub(crate) mod session;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use windlass::Timestamp;
use windlass::store::Store;
use windlass::token::{Grant, Scope, TokenDigest};
use windlass::user::User;

pub(crate) use may::{Admin, Anybody, Enqueue, May, MayIn, Operate, Publish, Read, Work};
pub use password::{PasswordError, hash_password};
pub use proxy::Proxies;
pub use secret::Secret;

use crate::problem::{Code, Problem};
use attempt::Attempts;
use known::Known;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    name: Arc<str>,
    grant: Arc<Grant>,
    credential: Credential,
}

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Nobody is asked.
    None,
    /// A bearer token.
    Token,
    /// A session's cookie.
    Session { digest: TokenDigest, ends_at: Timestamp },
    /// A proxy says so.
    Proxy,
    /// The program that the API is nested in says so.
    Program,
}

impl Credential {
    /// Whether a browser sends it by itself, whatever page asks for it.
    const fn is_sent_unasked(self) -> bool {
        matches!(self, Self::Session { .. } | Self::Proxy)
    }
}

impl Caller {
    /// Somebody who may do this.
    pub fn new(name: impl Into<Arc<str>>, grant: Grant) -> Self {
        Self::by(Credential::Program, name.into(), grant)
    }

    pub(crate) fn of_session((digest, ends_at): (TokenDigest, Timestamp), user: &User) -> Self {
        let credential = Credential::Session { digest, ends_at };
        Self::by(credential, user.name.as_str().into(), user.grant.clone())
    }

    fn by(credential: Credential, name: Arc<str>, grant: Grant) -> Self {
        Self { name, grant: Arc::new(grant), credential }
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

    /// Whether they showed who they are; otherwise nobody is asked.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self.credential, Credential::None)
    }

    pub(crate) const fn credential(&self) -> Credential {
        self.credential
    }
}

/// How it is found out who asks.
#[derive(Debug, Clone)]
pub struct Access {
    kind: Kind,
    proxies: Option<Arc<Proxies>>,
    over_tls: bool,
    attempts: Arc<Attempts>,
}

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
    fn of(kind: Kind) -> Self {
        Self { kind, proxies: None, over_tls: false, attempts: Arc::default() }
    }

    /// Everybody may do everything: for an address that nobody else can reach.
    #[must_use]
    pub fn open() -> Self {
        let everything = Grant::everywhere([Scope::Admin]);
        Self::of(Kind::Open(Caller::by(Credential::None, "anybody".into(), everything)))
    }

    /// Who has a token of the store, as `Authorization: Bearer TOKEN`, and users of the store who signed in. A token that is removed
    /// can be used for a second more, a session that has ended not at all.
    #[must_use]
    pub fn tokens() -> Self {
        Self::of(Kind::Tokens(Arc::default()))
    }

    /// Whom a check of yours knows: for an API nested in a program that has users of its own. It is asked for each request.
    pub fn by(check: impl Fn(&Parts) -> Option<Caller> + Send + Sync + 'static) -> Self {
        Self::of(Kind::Host(Arc::new(check)))
    }

    /// Browsers reach it over TLS, which somebody else ends: the cookies of sessions are for that alone.
    #[must_use]
    pub fn over_tls(self) -> Self {
        Self { over_tls: true, ..self }
    }

    /// These proxies stand before it, which end TLS.
    #[must_use]
    pub fn behind(self, proxies: Proxies) -> Self {
        Self { proxies: Some(Arc::new(proxies)), ..self.over_tls() }
    }

    /// Whether callers are told apart only by where they come from.
    pub(crate) const fn is_by_address(&self) -> bool {
        matches!(self.kind, Kind::Open(_))
    }

    /// Whether users sign in here.
    pub(crate) const fn has_users(&self) -> bool {
        matches!(self.kind, Kind::Tokens(_))
    }

    /// Whether signing in would let the sender of this request in: not where a token or a proxy says who it is, which comes first.
    pub(crate) fn takes_sign_in(&self, request: &Parts) -> bool {
        let is_named = request.headers.contains_key(header::AUTHORIZATION)
            || self.proxies.as_ref().is_some_and(|proxies| proxies.names(request));
        self.has_users() && !is_named
    }

    pub(crate) const fn is_over_tls(&self) -> bool {
        self.over_tls
    }

    /// Where a request comes from.
    pub(crate) fn address(&self, request: &Parts) -> Option<IpAddr> {
        proxy::client_address(request, self.proxies.as_deref())
    }

    /// Lets an attempt at signing in pass, unless there were too many.
    pub(crate) async fn attempt(&self, request: &Parts, name: &str) -> Result<(), Problem> {
        self.attempts.pass(request, self.proxies.as_deref(), name).await
    }

    /// Who sends this request.
    pub(crate) async fn caller(
        &self,
        request: &Parts,
        store: &dyn Store,
    ) -> Result<Caller, Problem> {
        let caller = match &self.kind {
            Kind::Open(caller) => caller.clone(),
            Kind::Tokens(known) => self.known(known, request, store).await?,
            Kind::Host(check) => check(request).ok_or_else(unknown)?,
        };
        let is_safe = matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !is_safe && caller.credential.is_sent_unasked() && !session::is_of_own_page(request) {
            let detail = "a request without a token must come from a page of this server, as its Origin or Sec-Fetch-Site says";
            return Err(Problem::new(Code::Forbidden, detail));
        }
        Ok(caller)
    }

    /// Whose token it is, whom a proxy names, or whose session it is: the first that a request has.
    async fn known(
        &self,
        known: &Known,
        request: &Parts,
        store: &dyn Store,
    ) -> Result<Caller, Problem> {
        if let Some(secret) = bearer(&request.headers)? {
            return known.caller(secret, store).await;
        }
        if let Some(proxies) = &self.proxies
            && let Some(caller) = proxies.caller(request, store).await?
        {
            return Ok(caller);
        }
        match session::secret(&request.headers, self.over_tls) {
            Some(digest) => session::caller(digest, (request, store)).await,
            None => Err(missing()),
        }
    }
}

fn missing() -> Problem {
    let detail = "a token is missing: send `Authorization: Bearer TOKEN`, or sign in";
    Problem::new(Code::Unauthorized, detail)
}

fn unknown() -> Problem {
    Problem::new(Code::Unauthorized, "nobody is known who sends this request")
}

/// The secret that a request brings, where it brings one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut said = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = said.next() else { return Ok(None) };
    if said.next().is_some() {
        return Err(Problem::new(Code::Unauthorized, "there are two Authorization headers"));
    }
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(secret.trim())),
        _ => Err(missing()),
    }
}
