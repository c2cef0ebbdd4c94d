//! What stands around every exchange: its id, its correlation, its line in the log, and its problem's document.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use windlass::EventId;

use crate::limits::CORRELATION_BYTES;
use crate::problem::Problem;
use crate::{page, rate};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A page of the same process sends the request, and is logged itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfPage;

/// Runs the rest and completes its response.
pub(crate) async fn around(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id();
    let correlation = correlation(request.headers()).unwrap_or_else(|| id.clone());
    let traceparent = request.headers().get(TRACEPARENT).cloned();
    let is_of_page = request.extensions().get::<OfPage>().is_some();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = page::linked(next.run(request).await, uri.query().unwrap_or_default());
    let mut response = with_problem(response, uri.path(), &id);
    let headers = response.headers_mut();
    for (name, value) in [(REQUEST_ID, &id), (CORRELATION_ID, &correlation)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if let Some(traceparent) = traceparent {
        headers.insert(TRACEPARENT, traceparent);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    let (route, status) = (route.as_deref().unwrap_or("none"), response.status().as_u16());
    let ms = began.elapsed().as_millis() as u64;
    if is_of_page {
        tracing::debug!(request_id = %id, %correlation, %method, route, status, ms, "asked by a page");
    } else {
        tracing::info!(request_id = %id, %correlation, %method, route, status, ms, "request");
    }
    response
}

/// An id for a request.
pub(crate) fn request_id() -> String {
    EventId::new().to_string().replacen("evt_", "req_", 1)
}

/// The correlation that the caller named: visible ASCII, and short.
fn correlation(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(CORRELATION_ID)?.to_str().ok()?;
    let is_plain = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && said.len() <= CORRELATION_BYTES).then(|| said.to_owned())
}

/// The response with the document of its problem, where it is one.
fn with_problem(mut response: Response, path: &str, id: &str) -> Response {
    let said = response.extensions_mut().remove::<Problem>();
    let Some(problem) = said.or_else(|| Problem::of_bare(&response)) else { return response };
    let mut written = problem.written(path, id);
    for name in rate::HEADERS {
        if let Some(value) = response.headers_mut().remove(&name) {
            written.headers_mut().insert(name, value);
        }
    }
    written
}
