//! Requests with an `Idempotency-Key`: one that comes again is answered as the first time, and not carried out again.
//!
//! After draft-ietf-httpapi-idempotency-key-header-07. Jobs and events of a request get ids that its key makes, so that one which
//! a server died over is carried out again without a second job.

use std::convert::Infallible;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};
use windlass::JobId;
use windlass::idempotency::{Answer, Begun, KeyedRequest, RequestEnd, RequestKey};
use windlass::store::Now;

use crate::access::Caller;
use crate::api::Api;
use crate::extract::whole;
use crate::limits::KEY_BYTES;
use crate::problem::{Code, Problem};

/// The header.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Routes whose requests may be repeated anyway, or whose answer nobody may keep.
const WITHOUT: [&str; 7] =
    ["/v1/workers", "/v1/results", "/v1/tokens", "/v1/users", "/v1/session", "/report", "/match"];

/// Whether a request to this route may bring a key.
pub(crate) fn takes_key(method: &Method, route: &str) -> bool {
    *method == Method::POST && !WITHOUT.iter().any(|part| route.contains(part))
}

/// Carries a request with a key out once.
pub(crate) async fn once(State(api): State<Api>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let takes = route.is_some_and(|route| takes_key(request.method(), route.as_str()));
    match key(request.headers()) {
        Ok(Some(key)) if takes => keyed(&api, key, request, next).await,
        Ok(_) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The key that a request brings.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |what: String| Problem::parameter("Idempotency-Key", what);
    let mut said = headers.get_all(KEY).iter();
    let Some(value) = said.next() else { return Ok(None) };
    if said.next().is_some() {
        return Err(wrong("there are two of them".to_owned()));
    }
    let text = value.to_str().unwrap_or_default();
    // A structured field's string has quotes.
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if (1..=KEY_BYTES).contains(&text.len()) && text.bytes().all(|byte| (32..127).contains(&byte)) {
        return Ok(Some(text.to_owned()));
    }
    Err(wrong(format!("expected 1 to {KEY_BYTES} visible letters")))
}

async fn keyed(api: &Api, key: String, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(caller) = api.caller(&parts).await else {
        // The handler refuses it.
        return next.run(Request::from_parts(parts, body)).await;
    };
    let request = Request::from_parts(parts.clone(), body);
    let bytes = match whole(request, &()).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let request = KeyedRequest {
        key: request_key(&caller, &parts, &key),
        asked: asked(&caller, &bytes),
        seed: Uuid::now_v7(),
    };
    match api.store().begin_request(request, Now::Database).await {
        Ok(Begun::Go(seed)) => carry_out(api, request, (parts, bytes, seed), next).await,
        Ok(Begun::Answered(answer)) => replayed(answer),
        Ok(Begun::Other) => other().into_response(),
        Ok(_) => running().into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// What was asked for, and with which rights: an answer of before these were others is not given again.
fn asked(caller: &Caller, body: &Bytes) -> [u8; 32] {
    let grant = serde_json::to_vec(caller.grant()).unwrap_or_default();
    let mut hash = Sha256::new_with_prefix((grant.len() as u64).to_be_bytes());
    hash.update(&grant);
    hash.update(body);
    hash.finalize().into()
}

/// Whose key it is, and for what: each part is preceded by its length.
fn request_key(caller: &Caller, parts: &Parts, key: &str) -> RequestKey {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let mut hash = Sha256::new();
    for part in [caller.name(), parts.method.as_str(), target, key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    RequestKey::new(hash.finalize().into())
}

/// Carries the request out to its end, also where its caller goes away.
async fn carry_out(
    api: &Api,
    keyed: KeyedRequest,
    (mut parts, bytes, seed): (Parts, Bytes, Uuid),
    next: Next,
) -> Response {
    parts.extensions.insert(Seed(seed));
    let request = Request::from_parts(parts, Body::from(bytes));
    let own = api.clone();
    let run = api.tasks().spawn(async move {
        let response = next.run(request).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let end = ending(head.status, head.headers.get(header::CONTENT_TYPE), &body);
        end_request(&own, keyed, &end).await;
        Response::from_parts(head, Body::from(body))
    });
    match run.await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request with a key was not carried out to its end");
            end_request(api, keyed, &RequestEnd::Unknown).await;
            Problem::new(Code::Internal, "something went wrong here").into_response()
        }
    }
}

fn ending(status: StatusCode, form: Option<&HeaderValue>, body: &Bytes) -> RequestEnd {
    if status.is_server_error() {
        return RequestEnd::Unknown;
    }
    if !status.is_success() {
        return RequestEnd::Refused;
    }
    let content_type = form.and_then(|form| form.to_str().ok()).unwrap_or_default().to_owned();
    RequestEnd::Answered(Answer { status: status.as_u16(), content_type, body: body.to_vec() })
}

async fn end_request(api: &Api, keyed: KeyedRequest, end: &RequestEnd) {
    if let Err(error) = api.store().end_request(keyed, end).await {
        tracing::warn!(%error, "the answer to a request with a key could not be kept");
    }
}

fn replayed(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    if let Ok(form) = HeaderValue::from_str(&answer.content_type) {
        headers.insert(header::CONTENT_TYPE, form);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn other() -> Problem {
    let detail = "this key stands for a request with another body, or by one with other rights; nothing was written";
    Problem::new(Code::KeyReused, detail)
}

fn running() -> Problem {
    let detail = "the first request with this key is being carried out; ask again for its answer";
    Problem::new(Code::RequestRunning, detail)
}

/// What the ids of a request with a key are made of.
#[derive(Debug, Clone, Copy)]
struct Seed(Uuid);

/// The ids that the jobs and events of a request get which have none: those that its key makes, where it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids(Option<Uuid>);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Seed>().map(|seed| seed.0)))
    }
}

impl Ids {
    /// The id of the nth job.
    pub(crate) fn job(self, nth: usize) -> Option<JobId> {
        self.nth(nth).map(JobId::from_uuid)
    }

    /// The id that the nth event's source is taken to have given it.
    pub(crate) fn event(self, nth: usize) -> Option<String> {
        self.nth(nth).map(|id| id.to_string())
    }

    /// An id of the moment of the seed.
    fn nth(self, nth: usize) -> Option<Uuid> {
        let seed = self.0?;
        let mut hash = Sha256::new_with_prefix(seed.as_bytes());
        hash.update((nth as u64).to_be_bytes());
        let random: [u8; 32] = hash.finalize().into();
        let (millis, mut own) = (seed.as_u128() >> 80, [0; 10]);
        own.copy_from_slice(&random[..10]);
        let millis = u64::try_from(millis).unwrap_or_default();
        Some(Builder::from_unix_timestamp_millis(millis, &own).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_again_of_one_seed() {
        let seed = Uuid::now_v7();
        let (ids, other) = (Ids(Some(seed)), Ids(Some(Uuid::now_v7())));
        assert_eq!(ids.job(3), ids.job(3));
        assert_ne!(ids.job(3), ids.job(4));
        assert_ne!(ids.job(3), other.job(3));
        let made = ids.job(0).expect("an id").as_uuid();
        assert_eq!((made.get_version_num(), made.as_u128() >> 80), (7, seed.as_u128() >> 80));
        assert_eq!(Ids(None).job(0), None);
    }

    #[test]
    fn what_may_be_repeated_needs_no_key() {
        let takes = |route| takes_key(&Method::POST, route);
        assert!(
            takes("/v1/jobs") && takes("/v1/queues/{name}/pause") && takes("/windlass/v1/events")
        );
        assert!(!takes("/v1/results") && !takes("/v1/workers/{id}/claim") && !takes("/v1/tokens"));
        assert!(!takes_key(&Method::GET, "/v1/jobs"));
    }

    /// Bad input: a key that is not a text, empty or too long is refused.
    #[test]
    fn a_key_is_a_short_text() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(KEY, value.parse().expect("a value"));
            }
            key(&headers)
        };
        assert_eq!(of(&["a b"]).ok(), Some(Some("a b".to_owned())));
        assert_eq!(of(&["\"quoted\""]).ok(), Some(Some("quoted".to_owned())));
        assert!(of(&[]).is_ok_and(|key| key.is_none()));
        assert!(of(&[""]).is_err() && of(&["\"\""]).is_err() && of(&["a", "a"]).is_err());
        assert!(
            of(&[&"x".repeat(KEY_BYTES)]).is_ok() && of(&[&"x".repeat(KEY_BYTES + 1)]).is_err()
        );
    }
}
