//! What buttons do: a form is sent to the API, and the page that it came from says what was done.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::Base;
use crate::filter::encoded;
use crate::form::said;
use crate::view::TOLD;

/// How long what was done waits for the page that tells it.
const TOLD_SECONDS: u32 = 20;

/// What a button sends: the page that it stands on, and what was written beside it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pressed {
    pub(crate) back: String,
    note: String,
    reason: String,
}

impl Pressed {
    /// The body of a request with the note, where there is one.
    pub(crate) fn note(&self) -> Option<Value> {
        said(&self.note).map(|note| json!({ "note": note }))
    }

    /// The same with the reason.
    pub(crate) fn reason(&self) -> Option<Value> {
        said(&self.reason).map(|reason| json!({ "reason": reason }))
    }
}

/// Leads back to a page of the dashboard, which says `told`. Anything but such a page leads to the overview.
pub(crate) fn back(base: &Base, to: &str, told: &str) -> Response {
    let to = own_path(to).unwrap_or("/");
    let mut response =
        Redirect::to(&format!("{}{}{to}", base.prefix, base.store_path())).into_response();
    let cookie =
        format!("{TOLD}={}; Path=/; Max-Age={TOLD_SECONDS}; HttpOnly; SameSite=Lax", encoded(told));
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A path here: a browser takes `//host` and `/\host` for another server.
pub(crate) fn own_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('/')?;
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && !rest.starts_with(['/', '\\'])).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_another_server() {
        for foreign in
            ["//evil.example", "/\\evil.example", "https://evil.example", "", "jobs", "/a\r\nb"]
        {
            assert_eq!(own_path(foreign), None, "{foreign}");
        }
        assert_eq!(own_path("/jobs?filter=a"), Some("/jobs?filter=a"));
    }
}
