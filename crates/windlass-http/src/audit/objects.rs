//! What the API shows of an object: what an act finds, and what it leaves.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tower::ServiceExt;
use windlass::store::Store;

use super::changes::percent_decoded;
use crate::access::{Access, Caller};
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
    /// The objects of a store.
    #[must_use]
    pub fn of(store: Arc<dyn Store>) -> Self {
        // Who asks is known already, and nothing else of a request goes on to here.
        let access = Access::by(|request| request.extensions.get::<Caller>().cloned());
        Self(spec::routes().0.with_state(Api::new(store, access)))
    }

    /// The object at a path such as `queues/mail`, or below one, where this caller may see it; nothing where there is none.
    pub async fn at(&self, path: &str, by: &Caller) -> Option<Value> {
        let mut parts = path.split('/');
        let (noun, name) = (parts.next()?, parts.next()?);
        if !LISTED.contains(&noun) {
            return self.get(&format!("/v1/{noun}/{name}"), by).await;
        }
        let list = self.get(&format!("/v1/{noun}"), by).await?;
        listed(&list, &percent_decoded(name))
    }

    /// The objects of these nouns with these names, in their order. What is shown in its list alone is looked for in one.
    pub async fn all(&self, places: &[(&str, &str)], by: &Caller) -> Vec<Option<Value>> {
        let mut lists: BTreeMap<&str, Option<Value>> = BTreeMap::new();
        let mut found = Vec::with_capacity(places.len());
        for (noun, name) in places {
            if !LISTED.contains(noun) {
                found.push(self.named(noun, name, by).await);
                continue;
            }
            if !lists.contains_key(noun) {
                lists.insert(*noun, self.get(&format!("/v1/{noun}"), by).await);
            }
            found.push(lists[noun].as_ref().and_then(|list| listed(list, name)));
        }
        found
    }

    /// The object of this noun with this name, whatever signs the name has.
    pub async fn named(&self, noun: &str, name: &str, by: &Caller) -> Option<Value> {
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        self.at(&format!("{noun}/{name}"), by).await
    }

    async fn get(&self, path: &str, by: &Caller) -> Option<Value> {
        let request = Request::get(path).extension(by.clone()).body(Body::empty()).ok()?;
        let response = self.0.clone().oneshot(request).await.ok()?;
        let is_there = response.status() == StatusCode::OK;
        let bytes = to_bytes(response.into_body(), RESULTS_BYTES).await.ok()?;
        is_there.then(|| serde_json::from_slice(&bytes).ok()).flatten()
    }
}

fn listed(list: &Value, name: &str) -> Option<Value> {
    let mut items = list.get("items")?.as_array()?.iter();
    items.find(|item| NAMES.iter().any(|key| item[*key] == *name)).cloned()
}
