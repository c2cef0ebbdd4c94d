//! Requests of the same process: pages that show what the API answers ask it without a connection.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::request::Parts;
use axum::response::Response;
use tower::ServiceExt;

use crate::access::Caller;
use crate::api::Api;
use crate::audit::watch::Peer;
use crate::exchange::OfPage;
use crate::foreign;
use crate::problem::Problem;
use crate::standby::Checked;

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
