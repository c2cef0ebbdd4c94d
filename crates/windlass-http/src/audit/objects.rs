//! What the API shows of an object: what an act finds, and what it leaves.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

use super::changes::percent_decoded;
use crate::access::Access;
use crate::api::Api;
use crate::limits::RESULTS_BYTES;
use crate::spec;

/// Nouns whose objects are shown in their list alone.
const LISTED: [&str; 4] = ["limits", "kinds", "builds", "tokens"];
/// By which members an object is found in a list.
const NAMES: [&str; 4] = ["name", "on", "kind", "program"];

/// The objects of a store, as the API shows them.
#[derive(Debug, Clone)]
pub struct Objects(Router);

impl Objects {
    /// Those that the API shows to whom it lets in.
    pub(crate) fn shown_by(api: Api) -> Self {
        Self(spec::routes().0.with_state(api))
    }

    /// All objects of a store.
    #[must_use]
    pub fn of(store: std::sync::Arc<dyn windlass::store::Store>) -> Self {
        Self::shown_by(Api::new(store, Access::open()))
    }

    /// The object at a path such as `queues/mail`, or below one; nothing where there is none.
    pub async fn at(&self, path: &str) -> Option<Value> {
        self.seen(path, None).await
    }

    /// The object at a path, where who sends this request may see it.
    pub(super) async fn seen(&self, path: &str, by: Option<&Parts>) -> Option<Value> {
        let mut parts = path.split('/');
        let (noun, name) = (parts.next()?, parts.next()?);
        if !LISTED.contains(&noun) {
            return self.get(&format!("/v1/{noun}/{name}"), by).await;
        }
        let list = self.get(&format!("/v1/{noun}"), by).await?;
        let name = percent_decoded(name);
        let mut items = list.get("items")?.as_array()?.iter();
        items.find(|item| NAMES.iter().any(|key| item[*key] == *name)).cloned()
    }

    async fn get(&self, path: &str, by: Option<&Parts>) -> Option<Value> {
        let mut request = Request::get(path).body(Body::empty()).ok()?;
        *request.headers_mut() = by.map_or_else(HeaderMap::new, |by| by.headers.clone());
        request.headers_mut().remove(header::CONTENT_LENGTH);
        if let Some(by) = by {
            *request.extensions_mut() = by.extensions.clone();
        }
        let response = self.0.clone().oneshot(request).await.ok()?;
        let is_there = response.status() == StatusCode::OK;
        let bytes = to_bytes(response.into_body(), RESULTS_BYTES).await.ok()?;
        is_there.then(|| serde_json::from_slice(&bytes).ok()).flatten()
    }
}
