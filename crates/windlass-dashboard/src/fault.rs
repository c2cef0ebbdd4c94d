//! What went wrong, as a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use windlass_http::Problem;

/// Why there is no page.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    status: StatusCode,
    code: String,
    title: String,
    detail: String,
}

/// The part of an `application/problem+json` that is shown.
#[derive(Deserialize)]
struct Document {
    code: String,
    title: String,
    detail: String,
}

impl Fault {
    fn new(status: StatusCode, code: &str, title: &str, detail: &str) -> Self {
        let [code, title, detail] = [code, title, detail].map(str::to_owned);
        Self { status, code, title, detail }
    }

    pub(crate) fn of(problem: Problem) -> Self {
        let code = problem.code();
        Self::new(code.status(), code.word(), code.title(), problem.detail())
    }

    /// What the API answered.
    pub(crate) fn read(status: StatusCode, bytes: &[u8]) -> Self {
        match serde_json::from_slice::<Document>(bytes) {
            Ok(Document { code, title, detail }) => Self { status, code, title, detail },
            Err(_) => Self { status, ..Self::unreadable() },
        }
    }

    pub(crate) fn too_large() -> Self {
        let detail = "a form has at most 256 KiB";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail)
    }

    pub(crate) fn too_slow() -> Self {
        let detail = "a form has to come within 30 s";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The request came too slowly", detail)
    }

    pub(crate) fn unreadable() -> Self {
        let detail = "the answer of the API could not be read; the server's log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong", detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::missing("there is no such page")
    }

    pub(crate) fn missing(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// The address of a form or a button, which somebody only looks at.
    pub(crate) fn no_page() -> Self {
        let detail = "this address does something when a button is pressed; it has no page";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Nothing to look at",
            detail,
        )
    }

    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// What a browser is not to keep.
    pub(crate) fn refused(detail: &str) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, "refused", "It cannot be stored", detail)
    }

    /// A form that this dashboard has no page for.
    pub(crate) fn invalid(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "The request cannot be read", detail)
    }

    /// Whether a field of a form is wrong, so that it is shown once more.
    pub(crate) fn is_of_fields(&self) -> bool {
        matches!(self.code.as_str(), "invalid-request" | "refused")
    }

    /// Whether somebody was faster: what was to be changed is another one by now.
    pub(crate) fn is_stale(&self) -> bool {
        self.code == "stale"
    }

    /// Whether it is about who asks or the store, and not about one of many things that were asked for.
    pub(crate) fn is_of_caller(&self) -> bool {
        !matches!(
            self.code.as_str(),
            "not-found" | "conflict" | "duplicate" | "refused" | "invalid-request" | "queue-full"
        )
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Whether what somebody has written into a form cannot be read: the form says so.
    pub(crate) fn is_of_form(&self) -> bool {
        self.code == "invalid-request"
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Fault {
    /// The layer around all pages writes it, which knows where they lie.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
