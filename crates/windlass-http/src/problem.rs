//! Problems: what was refused and why, as RFC 9457 asks.

mod code;

use std::fmt::Display;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use windlass::{JobId, StoreError};

pub use code::Code;

use crate::limits::{DETAIL_BYTES, POINTER_BYTES};

/// How soon a request may be repeated that failed since something is busy or away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request was refused. As a response it is an `application/problem+json` document.
#[derive(Debug, Clone)]
pub struct Problem(Box<Fields>);

#[derive(Debug, Clone)]
struct Fields {
    code: Code,
    detail: String,
    errors: Vec<Misfit>,
    retry_after: Option<Duration>,
    job: Option<JobId>,
    /// The methods that the path has.
    allow: Option<HeaderValue>,
}

/// What is wrong at one place of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Misfit {
    /// A JSON pointer into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// A parameter of the path or the query, or a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// What is wrong with it.
    detail: String,
}

/// An RFC 9457 problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// A page about its code.
    r#type: String,
    /// What it means, in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was wrong here, and what to do.
    detail: &'a str,
    /// The code, which never changes its meaning.
    code: &'static str,
    /// The path that was asked for.
    instance: &'a str,
    /// The request, as the server's log names it.
    request_id: &'a str,
    /// What is wrong with parts of the request.
    #[serde(skip_serializing_if = "<[Misfit]>::is_empty")]
    errors: &'a [Misfit],
    /// When it may be tried again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// The job that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    job: Option<JobId>,
}

impl Problem {
    /// A problem with this code. `detail` says what is wrong here, and what to do.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = cut(detail.into(), DETAIL_BYTES);
        let errors = Vec::new();
        Self(Box::new(Fields { code, detail, errors, retry_after: None, job: None, allow: None }))
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The same, where it may be tried again after this time.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// A parameter or a header that cannot be read.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let detail = cut(detail.into(), DETAIL_BYTES);
        let mut problem = Self::new(Code::InvalidRequest, format!("{name}: {detail}"));
        problem.0.errors.push(Misfit { pointer: None, parameter: Some(name.to_owned()), detail });
        problem
    }

    /// A place in the body that cannot be read.
    pub(crate) fn body(pointer: String, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (cut(pointer, POINTER_BYTES), cut(detail.into(), DETAIL_BYTES));
        let at = if pointer.is_empty() { "the body".to_owned() } else { pointer.clone() };
        let mut problem = Self::new(Code::InvalidRequest, format!("{at}: {detail}"));
        problem.0.errors.push(Misfit { pointer: Some(pointer), parameter: None, detail });
        problem
    }

    /// There is no such thing. `what` names it, such as `queue mail`.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        StoreError::NotFound { what: what.into() }.into()
    }

    /// The thing is in a state that does not allow it. `what` says which.
    pub(crate) fn conflict(what: impl Display) -> Self {
        Self::new(Code::Conflict, format!("{what}; nothing was changed"))
    }

    /// What axum answered by itself, as a problem; `None` where it is none.
    pub(crate) fn of_bare(response: &Response) -> Option<Self> {
        let mut problem = match response.status() {
            StatusCode::NOT_FOUND => Self::new(Code::NotFound, "there is no such path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(Code::MethodNotAllowed, "the path has no such method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Code::TooLarge, "the body is too large"),
            status if status.is_client_error() => {
                Self::new(Code::InvalidRequest, "the request cannot be read")
            }
            status if status.is_server_error() => {
                Self::new(Code::Internal, "something went wrong here")
            }
            _ => return None,
        };
        problem.0.allow = response.headers().get(header::ALLOW).cloned();
        Some(problem)
    }

    /// The response, once the request is known that it answers.
    pub(crate) fn written(&self, instance: &str, request_id: &str) -> Response {
        let Fields { code, detail, errors, retry_after, job, allow } = &*self.0;
        let status = code.status();
        let body = ProblemBody {
            r#type: format!("/docs/problems/{}", code.word()),
            title: code.title(),
            status: status.as_u16(),
            detail,
            code: code.word(),
            instance,
            request_id,
            errors,
            retry_after_ms: retry_after.map(|wait| wait.as_millis() as u64),
            job: *job,
        };
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(*wait).max(1)));
        }
        if let Some(allow) = allow {
            headers.insert(header::ALLOW, allow.clone());
        }
        if *code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Seconds, rounded up: who comes earlier is refused again.
pub(crate) const fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + (time.subsec_nanos() > 0) as u64
}

/// A text of at most so many bytes: what was wrong may be as long as a body is.
fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

impl IntoResponse for Problem {
    /// The status alone; the exchange writes the document, which names the request.
    fn into_response(self) -> Response {
        let mut response = self.0.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = code_of(&error);
        let job = match &error {
            StoreError::Duplicate { job, .. } | StoreError::LaneRefused { job, .. } => Some(*job),
            _ => None,
        };
        let retry_after =
            matches!(code, Code::QueueFull | Code::Unavailable).then_some(RETRY_AFTER);
        // What a database says of itself is not for who calls.
        let detail = match (code, &error) {
            (Code::Internal, _) => {
                tracing::error!(%error, "a request failed");
                "the server could not do it; its log says why".to_owned()
            }
            (_, StoreError::Unusable { .. }) => {
                tracing::error!(%error, "the database cannot be used");
                "the database cannot be used as it is; the server's log says why".to_owned()
            }
            _ => error.to_string(),
        };
        let mut problem = Self::new(code, detail);
        (problem.0.retry_after, problem.0.job) = (retry_after, job);
        problem
    }
}

const fn code_of(error: &StoreError) -> Code {
    match error {
        StoreError::NotFound { .. }
        | StoreError::NothingToAwait { .. }
        | StoreError::NoBatch { .. } => Code::NotFound,
        StoreError::Conflict { .. }
        | StoreError::LaneRefused { .. }
        | StoreError::BatchEnded { .. }
        | StoreError::BatchExists { .. } => Code::Conflict,
        StoreError::Duplicate { .. } => Code::Duplicate,
        StoreError::LeaseLost { .. } => Code::LeaseLost,
        StoreError::QueueFull { .. } => Code::QueueFull,
        StoreError::Refused(_) => Code::Refused,
        StoreError::Unavailable { .. } | StoreError::Unusable { .. } => Code::Unavailable,
        StoreError::Unknown { .. } => Code::OutcomeUnknown,
        StoreError::DiskFull { .. } => Code::DiskFull,
        _ => Code::Internal,
    }
}

impl From<windlass::Refusal> for Problem {
    fn from(refusal: windlass::Refusal) -> Self {
        StoreError::from(refusal).into()
    }
}
