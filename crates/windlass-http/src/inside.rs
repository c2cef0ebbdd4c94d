//! Requests of the same process: pages that show what the API answers ask it without a connection.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tower::ServiceExt;

use crate::access::Caller;
use crate::api::Api;
use crate::audit::watch::Peer;
use crate::exchange::OfPage;
use crate::foreign;
use crate::problem::Problem;
use crate::standby::Checked;

/// A page tries something for who looks at it. Whatever page has led there: nothing is changed by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tried;

/// What may be tried: the parts of its path below `/v1`, where `*` is a name.
const TRIES: [&[&str]; 3] = [
    &["subscriptions", "backtest"],
    &["subscriptions", "*", "replay"],
    &["subscriptions", "*", "replay", "undo"],
];
/// A try that writes nothing anyway, so that it is not asked for.
const BACKTEST: &str = "/subscriptions/backtest";

/// An API that pages of the same process ask for what they show.
#[derive(Debug, Clone)]
pub struct Inside {
    api: Api,
    router: Router,
}

impl Inside {
    /// That of this API.
    #[must_use]
    pub fn of(api: Api) -> Self {
        Self { router: api.clone().router(), api }
    }

    /// The API itself.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Who sends a request to a page.
    ///
    /// # Errors
    /// Where nobody is let in who sends it, and where it cannot be found out.
    pub async fn caller(&self, request: &Parts) -> Result<Caller, Problem> {
        self.api.caller(request).await
    }

    /// Whether users sign in here; otherwise the program around the API knows who asks.
    #[must_use]
    pub fn has_users(&self) -> bool {
        self.api.access().has_users()
    }

    /// Whether signing in would let the sender of this request in, who is not let in so.
    #[must_use]
    pub fn takes_sign_in(&self, request: &Parts) -> bool {
        self.api.access().takes_sign_in(request)
    }

    /// Whether there is a store with this name. A server of one store has no name for it.
    #[must_use]
    pub fn has_store(&self, name: &str) -> bool {
        self.api.several().is_some_and(|several| several.has(name))
    }

    /// How old an answer may be where a standby gives it; nothing where the primary gives all.
    #[must_use]
    pub fn oldest_answer(&self) -> Option<Duration> {
        let own = self.api.standby().map(|standby| standby.max_age());
        let others = self.api.several().and_then(|several| several.oldest_answer());
        own.max(others)
    }

    /// What the API answers to a try of this, for the `known` sender of a `request` that only looks. It is asked not to write; a
    /// path that does not try is not found.
    pub async fn tried(
        &self,
        mut asked: Request<()>,
        mut body: Value,
        (request, known): (&Parts, &Caller),
    ) -> Response {
        if !is_try(asked.uri().path()) {
            return StatusCode::NOT_FOUND.into_response();
        }
        if !asked.uri().path().ends_with(BACKTEST) {
            body["dry_run"] = true.into();
        }
        *asked.method_mut() = Method::POST;
        asked.extensions_mut().insert(Tried);
        asked.extensions_mut().insert(Checked(known.clone()));
        self.answer(asked.map(|()| Body::from(body.to_string())), request, None).await
    }

    /// Refuses what a page of somebody else's asks a page to do that the API is not asked for.
    ///
    /// # Errors
    /// Where a browser says that another origin sends the request.
    pub fn only_own_pages(&self, request: &Parts) -> Result<(), Problem> {
        foreign::only_own_pages(&request.headers)
    }

    /// What the API answers to `asked`, which a page asks for the sender of `request`. Who reads with a `known` caller is not looked
    /// up again; what changes something is checked as every request.
    pub async fn answer(
        &self,
        mut asked: Request<Body>,
        request: &Parts,
        known: Option<&Caller>,
    ) -> Response {
        asked.extensions_mut().insert(OfPage);
        if let Some(peer) = request.extensions.get::<Peer>() {
            asked.extensions_mut().insert(*peer);
        }
        if let Some(caller) = known.filter(|_| asked.method().is_safe()) {
            asked.extensions_mut().insert(Checked(caller.clone()));
        }
        match self.router.clone().oneshot(asked).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Whether a path of the API, also below a store's, tries something.
fn is_try(path: &str) -> bool {
    let below = |path: &str| path.strip_prefix("/v1/").map(str::to_owned);
    let of_store = path.strip_prefix("/stores/").and_then(|rest| rest.split_once('/'));
    let below = of_store.and_then(|(_, rest)| below(&format!("/{rest}"))).or_else(|| below(path));
    let parts: Vec<&str> = below.iter().flat_map(|below| below.split('/')).collect();
    let fits = |wanted: &[&str]| {
        wanted.len() == parts.len()
            && wanted.iter().zip(&parts).all(|(wanted, part)| *wanted == "*" || wanted == part)
    };
    TRIES.iter().any(|wanted| fits(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-04: what is asked for by looking at a page is one of few, which change nothing.
    #[test]
    fn only_what_changes_nothing_is_tried() {
        for path in [
            "/v1/subscriptions/backtest",
            "/v1/subscriptions/receipts/replay",
            "/stores/eu/v1/subscriptions/receipts/replay/undo",
        ] {
            assert!(is_try(path), "{path}");
        }
        for path in [
            "/v1/jobs",
            "/v1/subscriptions",
            "/v1/subscriptions/replay/pause",
            "/v1/operations/op_1/undo",
            "/stores/eu/v1/queues/replay/pause",
            "/v1/x/subscriptions/a/replay",
            "/subscriptions/backtest",
        ] {
            assert!(!is_try(path), "{path}");
        }
    }
}
