//! The watch over acts: what is done over HTTP is entered, whatever the noun.
//!
//! A route that changes something is an act unless it is named among those that only bring data, so that a new one cannot be
//! forgotten. What the object was before and is afterwards is asked of the API itself, with the caller's own rights.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::OpenApi;
use windlass::audit::{Act, Via};
use windlass::store::Now;

use super::changes::{Change, percent_decoded};
use super::objects::Objects;
use crate::access::Caller;
use crate::api::Api;
use crate::extract::whole;
use crate::problem::{Code, Problem};

/// What brings or tries data and changes nothing that is there, and what enters itself. The worker protocol is none of people's.
const NO_ACTS: [&str; 13] = [
    "jobs_enqueue",
    "jobs_enqueue_many",
    "events_publish",
    "events_publish_many",
    "events_match",
    "events_verify",
    "batches_start",
    "batches_add_jobs",
    "workflows_start",
    "signals_tell",
    "schedules_preview_rule",
    "subscriptions_backtest",
    "session_start",
];
const PROTOCOL: &str = "worker protocol_";

/// Where a request comes from, as the server's connection says it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The routes that are acts, and the objects that they change.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    api: Api,
    /// By method and route.
    acts: Arc<HashMap<(Method, String), Known>>,
    objects: Objects,
}

/// A route that is an act.
#[derive(Debug, Clone)]
struct Known {
    /// Such as `queues.pause`.
    action: String,
    /// Whether its object stands in the path. Otherwise the answer names it.
    is_named: bool,
    /// Whether its body can ask for a try, which does nothing.
    may_be_tried: bool,
}

impl Watch {
    /// Over the routes of this document.
    pub(crate) fn over(api: Api, document: &OpenApi) -> Self {
        let mut known = HashMap::new();
        let tried = tried(document);
        for (path, item) in &document.paths.paths {
            let methods = [
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in methods {
                let id = operation.as_ref().and_then(|operation| operation.operation_id.as_deref());
                let acts = |id: &&str| !NO_ACTS.contains(id) && !id.starts_with(PROTOCOL);
                if let Some(id) = id.filter(acts) {
                    let is_named = path.split('/').nth(3).is_some_and(|part| part.starts_with('{'));
                    let may_be_tried = tried.contains(id);
                    let act = Known { action: id.replacen('_', ".", 1), is_named, may_be_tried };
                    known.insert((method, path.clone()), act);
                }
            }
        }
        let objects = Objects::of(Arc::clone(api.client().store()));
        Self { api, acts: Arc::new(known), objects }
    }

    fn act(&self, request: &Request) -> Option<Known> {
        let route = request.extensions().get::<MatchedPath>()?.as_str();
        // A program may have the API below a path of its own, and a store may be named so.
        let below = route.rfind("/v1/").and_then(|at| route.get(at..))?;
        self.acts.get(&(request.method().clone(), below.to_owned())).cloned()
    }

    /// Runs the rest to its end, and enters what it has done.
    async fn run(
        &self,
        (known, caller): (Known, Caller),
        (parts, bytes): (Parts, Bytes),
        next: Next,
    ) -> Response {
        let path = parts.uri.path().trim_start_matches("/v1/").to_owned();
        let asked: Option<Value> = serde_json::from_slice(&bytes).ok();
        let is_try = asked.as_ref().is_some_and(|asked| asked["dry_run"] == true);
        if known.may_be_tried && is_try {
            return next.run(Request::from_parts(parts, Body::from(bytes))).await;
        }
        let before = self.objects.at(&path, &caller).await;
        let from = self.api.access().address(&parts).map(|address| address.to_string());
        let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
        if !response.status().is_success() {
            return response;
        }
        let (head, body) = response.into_parts();
        let answer = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let said: Option<Value> = serde_json::from_slice(&answer).ok();
        let target = target(&known, &path, said.as_ref());
        let after = match known.is_named {
            true => self.objects.at(&path, &caller).await,
            false => said,
        };
        let change = Change { asked, before, after };
        self.enter(change.of(done((&caller, from), known.action, target))).await;
        Response::from_parts(head, Body::from(answer))
    }

    async fn enter(&self, act: Act) {
        if let Err(error) = self.api.store().add_act(&act, Now::Database).await {
            let Act { action, target, .. } = &act;
            tracing::error!(%error, action, target, "an act could not be entered in the audit");
        }
    }
}

/// The operations whose body has a member `dry_run`.
fn tried(document: &OpenApi) -> HashSet<String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let of = |operation: &Value| {
        let body = operation.pointer("/requestBody/content/application~1json/schema/$ref")?;
        let schema = document.pointer(body.as_str()?.trim_start_matches('#'))?;
        schema.pointer("/properties/dry_run")?;
        operation["operationId"].as_str().map(str::to_owned)
    };
    let paths = document["paths"].as_object();
    let operations = paths.into_iter().flat_map(|paths| paths.values());
    operations.filter_map(Value::as_object).flat_map(|item| item.values()).filter_map(of).collect()
}

/// Runs the rest, and enters what it has done.
pub(crate) async fn watched(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    let Some(known) = watch.act(&request) else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let Ok(caller) = watch.api.caller(&parts).await else {
        // The handler refuses it.
        return next.run(Request::from_parts(parts, body)).await;
    };
    let bytes = match whole(Request::from_parts(parts.clone(), body), &()).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    // Its caller may go away; what has been done is entered anyway.
    let tasks = watch.api.tasks().clone();
    let run = tasks.spawn(async move { watch.run((known, caller), (parts, bytes), next).await });
    run.await.unwrap_or_else(|error| {
        tracing::error!(%error, "an act was not carried out to its end");
        Problem::new(Code::Internal, "something went wrong here").into_response()
    })
}

/// What an act was done to, such as `queues/mail`.
fn target(known: &Known, path: &str, said: Option<&Value>) -> String {
    let mut parts = path.split('/');
    let noun = parts.next().unwrap_or_default();
    let named = said.and_then(|said| said["name"].as_str()).filter(|_| !known.is_named);
    match named.map(str::to_owned).or_else(|| parts.next().map(percent_decoded)) {
        Some(name) => format!("{noun}/{name}"),
        None => noun.to_owned(),
    }
}

fn done((caller, from): (&Caller, Option<String>), action: String, target: String) -> Act {
    Act {
        actor: caller.name().to_owned(),
        via: Via::Api,
        origin: from,
        action,
        target,
        asked: None,
        before: None,
        after: None,
    }
}
