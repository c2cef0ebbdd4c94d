//! Answers: JSON documents that name their schema, and pages of them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

/// Any document: its schema first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Document<T> {
    /// What the document is, and which version of it. Fields may be added within a version.
    schema: &'static str,
    #[serde(flatten)]
    body: T,
}

impl<T: Serialize> Document<T> {
    /// A document of this schema, such as `job.v1`.
    pub const fn new(schema: &'static str, body: T) -> Self {
        Self { schema, body }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Items<T> {
    /// The page.
    pub(crate) items: Vec<T>,
    /// The cursor of the page after it.
    pub(crate) next: Option<String>,
    /// The cursor of the page that led to it.
    pub(crate) prev: Option<String>,
    /// Whether there is one.
    pub(crate) has_more: bool,
}

/// A page of what was looked for. A look goes through a bounded number of jobs or events: where it ended before the page was full,
/// `complete` is false, the page may be short or empty, and `next` goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundItems<T> {
    /// The page.
    pub(crate) items: Vec<T>,
    /// The cursor of the page after it.
    pub(crate) next: Option<String>,
    /// The cursor of the page that led to it.
    pub(crate) prev: Option<String>,
    /// Whether there is one.
    pub(crate) has_more: bool,
    /// Whether the page has all that it could: false where the look ended at its bound.
    pub(crate) complete: bool,
    /// How many were looked through for it.
    pub(crate) scanned: u64,
    /// How many match, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<CountBody>,
}

/// How many match.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Count)]
pub(crate) struct CountBody {
    /// How many.
    pub(crate) value: u64,
    /// Whether they were counted; otherwise it is an estimate.
    pub(crate) exact: bool,
}

/// A document with status 200.
pub(crate) fn ok(body: &impl Serialize) -> Response {
    with_status(StatusCode::OK, body)
}

/// A document of something that was made.
pub(crate) fn created(body: &impl Serialize) -> Response {
    with_status(StatusCode::CREATED, body)
}

/// A document of something that has begun.
pub(crate) fn accepted(body: &impl Serialize) -> Response {
    with_status(StatusCode::ACCEPTED, body)
}

fn with_status(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => {
            let mut response = (status, text).into_response();
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Problem::new(Code::Internal, "the answer could not be written as JSON").into_response()
        }
    }
}
