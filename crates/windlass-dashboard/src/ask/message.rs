//! How a request of a page becomes one of the API, and how its answer is read.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::OfProgram;
use crate::fault::Fault;
use crate::looks::Answer;
use crate::view::{ACTED, cookie};

/// An answer of the API that is larger is not read: 100 jobs with all that they may have are not.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// What a request to a page says of that alone. The rest says who sends it and from where, in headers that a proxy may name as it
/// likes.
const OF_THE_PAGE: [HeaderName; 11] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
];
/// Who answers what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// A standby, too, where there is one.
    Any,
    /// The primary, for who has just changed something there: the page says that it is done.
    Primary,
}

impl Reads {
    pub(super) fn of(request: &Parts) -> Self {
        let has_acted = !request.method.is_safe() || cookie(request, ACTED).is_some();
        if has_acted { Self::Primary } else { Self::Any }
    }
}

/// A request to the API for who sends `request`; none where the path of a page made no path of the API.
pub(super) fn request(
    (request, reads): (&Parts, Reads),
    (method, path): (Method, &str),
    body: Option<String>,
) -> Option<Request<Body>> {
    let mut asked = Request::new(Body::empty());
    *asked.extensions_mut() = OfProgram::of(request);
    *asked.method_mut() = method;
    *asked.uri_mut() = path.parse::<Uri>().ok()?;
    for (name, value) in &request.headers {
        if !OF_THE_PAGE.contains(name) {
            asked.headers_mut().append(name, value.clone());
        }
    }
    if reads == Reads::Primary {
        let now = HeaderValue::from_static("no-cache");
        asked.headers_mut().insert(header::CACHE_CONTROL, now);
    }
    if let Some(body) = body {
        let json = HeaderValue::from_static("application/json");
        asked.headers_mut().insert(header::CONTENT_TYPE, json);
        *asked.body_mut() = Body::from(body);
    }
    Some(asked)
}

/// The status and the whole body of an answer.
pub(super) async fn whole(answer: Response) -> Answer {
    let status = answer.status();
    match to_bytes(answer.into_body(), ANSWER_BYTES).await {
        Ok(bytes) => (status, Arc::new(Vec::from(bytes))),
        Err(error) => {
            tracing::error!(%error, "an answer of the API could not be read to its end");
            (StatusCode::INTERNAL_SERVER_ERROR, Arc::default())
        }
    }
}

/// Whether a body asks for a try, which changes nothing.
pub(super) fn is_try(body: Option<&Value>) -> bool {
    body.is_some_and(|body| body.get("dry_run").and_then(Value::as_bool) == Some(true))
}

pub(super) fn read<T: DeserializeOwned>((status, bytes): &Answer) -> Result<T, Fault> {
    if !status.is_success() {
        return Err(Fault::read(*status, bytes));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::error!(%error, "a page could not read an answer of the API");
        Fault::unreadable()
    })
}
