//! What a browser keeps of what a viewer chose: cookies of the dashboard, which no script reads.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::base::Base;

/// A year.
const SECONDS: u32 = 31_536_000;
/// What stands in a cookie as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// An answer that has the browser keep this under that name, for all pages of the dashboard; nothing takes it away.
pub(crate) fn keeping(mut response: Response, base: &Base, (name, text): (&str, &str)) -> Response {
    let seconds = if text.is_empty() { 0 } else { SECONDS };
    let path = &base.prefix;
    let cookie = format!("{name}={text}; Path={path}/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A text as a part of a cookie.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A part of a cookie as a text, where it is one.
pub(crate) fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}
