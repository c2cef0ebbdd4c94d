//! What stands before the router: it writes down what a worker asks, and plays what is asked for.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use windlass::store::Now;
use windlass::{Client, JobId, LeaseId, WorkerId};

use super::play::{Blow, Play, has_jobs};
use super::record::{Answer, Call, Exchange, Record, list};

/// Bytes of a body that is written down: as many as the server takes.
const BODY_BYTES: usize = 16 << 20;

/// What the layer has in hand.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) record: Arc<Record>,
    pub(super) play: Arc<Play>,
    pub(super) client: Client,
}

/// One exchange.
pub(super) async fn around(State(layer): State<Layer>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES).await else { return lost() };
    let call = Call::of(parts.method.as_str(), parts.uri.path());
    let asked = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let nth = layer.record.asked(Exchange {
        at: Instant::now(),
        call,
        path: parts.uri.path().to_owned(),
        token: bearer(&parts.headers),
        body: asked.clone(),
        answer: None,
    });
    let text = String::from_utf8_lossy(&body).into_owned();
    // A claim is known by what it is answered.
    let blow = if call == Call::Claim { None } else { layer.play.take(call, &[&text]) };
    if let Some(response) = layer.instead(call, &asked, blow.as_ref()).await {
        return layer.said(nth, call, response).await.unwrap_or_else(lost);
    }
    if let Some(response) = layer.refused(call) {
        return layer.said(nth, call, response).await.unwrap_or_else(lost);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let Some(response) = layer.said(nth, call, response).await else { return lost() };
    let is_lost = matches!(blow, Some((Blow::LoseAnswer, _))) || layer.loses_claim(nth, call);
    if is_lost { lost() } else { response }
}

impl Layer {
    /// What is answered in place of the router.
    async fn instead(
        &self,
        call: Call,
        asked: &Value,
        blow: Option<&(Blow, Option<JobId>)>,
    ) -> Option<Response> {
        if call == Call::Report && self.play.is_masked(asked) {
            return Some(Json(json!({"schema": "reported.v1"})).into_response());
        }
        match blow? {
            (Blow::Unavailable(wait), _) => Some(unavailable(*wait)),
            (Blow::Busy, _) => {
                let busy = |one: &Value| json!({"job": one["job"], "status": "busy"});
                let results: Vec<Value> = list(asked, "results").map(busy).collect();
                let body = json!({"schema": "settled_results.v1", "results": results});
                Some(Json(body).into_response())
            }
            (Blow::LoseLease, Some(job)) => {
                self.take_away(*job).await;
                None
            }
            (Blow::LoseLease, None) | (Blow::LoseAnswer, _) => None,
        }
    }

    /// A claim that the server cannot carry out.
    fn refused(&self, call: Call) -> Option<Response> {
        if call != Call::Claim {
            return None;
        }
        self.play.take_unavailable(call).map(unavailable)
    }

    /// Whether the answer to this claim, which has jobs, is to be lost.
    fn loses_claim(&self, nth: usize, call: Call) -> bool {
        let answer = self.record.since(nth).swap_remove(0).answer;
        let body = answer.map(|answer| answer.body).unwrap_or_default();
        call == Call::Claim
            && has_jobs(&body)
            && self.play.take(call, &[&body.to_string()]).is_some()
    }

    /// Hands a job back that a worker holds: its lease is lost.
    pub(super) async fn take_away(&self, job: JobId) {
        let workers = self.client.workers().await.unwrap_or_default();
        for worker in workers.iter().map(|worker| worker.id) {
            let held = self.client.store().in_hand(worker).await.unwrap_or_default();
            for one in held.iter().filter(|one| one.job.id == job) {
                self.release(worker, one.lease).await;
            }
        }
    }

    async fn release(&self, worker: WorkerId, lease: LeaseId) {
        if let Err(error) = self.client.store().release(worker, lease, Now::Database).await {
            tracing::warn!(%error, "a lease was not taken away");
        }
    }

    /// The response as the worker gets it, and writes down what it says.
    async fn said(&self, nth: usize, call: Call, response: Response) -> Option<Response> {
        let (mut parts, body) = response.into_parts();
        let bytes = to_bytes(body, BODY_BYTES).await.ok()?;
        let mut said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let is_json = !said.is_null();
        if is_json {
            self.play.changed(call, &mut said);
        }
        let bytes = if is_json { Bytes::from(said.to_string()) } else { bytes };
        let status = parts.status.as_u16();
        self.record.answered(nth, Answer { at: Instant::now(), status, body: said });
        parts.headers.remove(header::CONTENT_LENGTH);
        Some(Response::from_parts(parts, Body::from(bytes)))
    }
}

/// A connection that ends before anything is said on it.
fn lost() -> Response {
    let end =
        futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("lost on the way")) });
    Response::new(Body::from_stream(end))
}

fn unavailable(wait: Duration) -> Response {
    let body = json!({
        "type": "/docs/problems/unavailable", "title": "The database cannot be reached", "status": 503,
        "detail": "played by windlass conformance", "code": "unavailable",
        "retry_after_ms": wait.as_millis() as u64,
    });
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    said.strip_prefix("Bearer ").map(str::to_owned)
}
