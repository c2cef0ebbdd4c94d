//! Requests that hold only for an object as it was seen: `ETag`, `If-Match` and `If-None-Match`, after RFC 9110.
//!
//! A change is held against what it expects by the store, in the transaction that writes: see [`windlass::edit`].

pub(crate) mod described;

use std::fmt::Display;

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use windlass::edit::{Edited, Edition, Expected, Wanted};

use crate::problem::{Code, Problem};

/// The ends of routes whose objects have an edition, and are changed by `PUT` and `DELETE`.
const CHANGED: [&str; 6] = [
    "/v1/limits/{on}",
    "/v1/schedules/{name}",
    "/v1/subscriptions/{name}",
    "/v1/queues/{name}/bound",
    "/v1/queues/{name}/aging",
    "/v1/builds/{program}",
];

/// Whether a change of this route may say what it expects.
fn takes(method: &Method, route: &str) -> bool {
    matches!(*method, Method::PUT | Method::DELETE)
        && CHANGED.iter().any(|end| route.ends_with(end))
}

/// What a request expects of the object that it changes; anything where it says nothing.
#[derive(Debug)]
pub(crate) struct Expects(pub(crate) Expected);

impl<S: Send + Sync> FromRequestParts<S> for Expects {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let is = wanted(&parts.headers, &header::IF_MATCH, Comparison::Strong)?;
        let is_not = wanted(&parts.headers, &header::IF_NONE_MATCH, Comparison::Weak)?;
        Ok(Self(Expected { is, is_not }))
    }
}

/// What the plain verb answered, where the object was as expected.
pub(crate) fn unless_stale(edited: Edited, what: impl Display) -> Result<bool, Problem> {
    match edited {
        Edited::Done(done) => Ok(done),
        Edited::Stale => Err(stale(what)),
    }
}

fn stale(what: impl Display) -> Problem {
    let detail = format!("{what} is not as the request expects; nothing was written");
    Problem::new(Code::Stale, detail)
}

/// The answer, with the edition of what it shows.
pub(crate) fn of_edition(mut response: Response, edition: &Edition) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{edition}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Answers what is known already by 304, and refuses what a route would pass over.
pub(crate) async fn conditional(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let headers = request.headers().clone();
        return unless_known(&headers, next.run(request).await);
    }
    let route = request.extensions().get::<MatchedPath>();
    let takes = route.is_some_and(|route| takes(request.method(), route.as_str()));
    for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
        if !takes && request.headers().contains_key(&name) {
            let detail = "this request cannot be made so; nothing was written";
            return Problem::parameter(name.as_str(), detail).into_response();
        }
    }
    next.run(request).await
}

/// 304 where the client has what is shown, and 412 where it asks for something else.
fn unless_known(headers: &HeaderMap, response: Response) -> Response {
    let Some(tag) = response.headers().get(header::ETAG).filter(|_| response.status().is_success())
    else {
        return response;
    };
    let found = tag.to_str().map(|tag| Edition::seen(tag.trim_matches('"')));
    let found = found.ok();
    let has = |name, how| {
        let wanted = wanted(headers, name, how).ok().flatten();
        wanted.map(|wanted| wanted.has(found.as_ref()))
    };
    if has(&header::IF_MATCH, Comparison::Strong) == Some(false) {
        return stale("it").into_response();
    }
    if has(&header::IF_NONE_MATCH, Comparison::Weak) == Some(true) {
        let tag = tag.clone();
        let mut known = Response::new(Body::empty());
        *known.status_mut() = StatusCode::NOT_MODIFIED;
        known.headers_mut().insert(header::ETAG, tag);
        return known;
    }
    response
}

/// How tags are compared: no weak one is the same as another where that is strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// What a header names: `*` or a list of tags, perhaps in several lines.
fn wanted(
    headers: &HeaderMap,
    name: &HeaderName,
    how: Comparison,
) -> Result<Option<Wanted>, Problem> {
    let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&lines.join(&b',')).into_owned();
    if text.trim() == "*" {
        return Ok(Some(Wanted::Any));
    }
    let wrong = || Problem::parameter(name.as_str(), "expected `*` or tags such as \"3f0a\"");
    let tags = tags(&text).ok_or_else(wrong)?;
    let counts = |weak: bool| !weak || how == Comparison::Weak;
    let tags = tags.into_iter().filter(|(_, weak)| counts(*weak));
    Ok(Some(Wanted::OneOf(tags.map(|(text, _)| Edition::seen(text)).collect())))
}

/// The tags of a list, each with whether it is weak; nothing where it is none. There is one at least.
fn tags(text: &str) -> Option<Vec<(&str, bool)>> {
    let (mut found, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(found).filter(|found| !found.is_empty());
        }
        let strong = rest.strip_prefix("W/");
        let (tag, behind) = strong.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        let is_plain = |letter: char| letter > ' ' && letter != '\u{7f}';
        let ends = behind.trim_start_matches([' ', '\t']);
        if !tag.chars().all(is_plain) || !(ends.is_empty() || ends.starts_with(',')) {
            return None;
        }
        found.push((tag, strong.is_some()));
        rest = ends;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str], how: Comparison) -> Result<Option<Wanted>, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, line.parse().expect("a value"));
        }
        wanted(&headers, &header::IF_MATCH, how)
    }

    fn editions(texts: &[&str]) -> Option<Wanted> {
        Some(Wanted::OneOf(texts.iter().map(|text| Edition::seen(*text)).collect()))
    }

    /// RFC 9110, 8.8.3 and 13.1: lists of tags, in one line or several; a weak one is not a strong one.
    #[test]
    fn tags_are_read_as_the_standard_says() {
        let strong = |lines: &[&str]| of(lines, Comparison::Strong).expect("it can be read");
        assert_eq!(strong(&[]), None);
        assert_eq!(strong(&[" * "]), Some(Wanted::Any));
        assert_eq!(strong(&["\"a\""]), editions(&["a"]));
        assert_eq!(strong(&["\"a,b\" , \"\"", "\"c\""]), editions(&["a,b", "", "c"]));
        assert_eq!(strong(&["W/\"a\", \"b\""]), editions(&["b"]));
        assert_eq!(strong(&["W/\"a\""]), editions(&[]));
        let weak = of(&["W/\"a\", \"b\""], Comparison::Weak).expect("it can be read");
        assert_eq!(weak, editions(&["a", "b"]));
    }

    /// Bad input: what is not a tag is refused, and never taken for one.
    #[test]
    fn what_is_no_tag_is_refused() {
        for line in
            ["", ",", "a", "\"a", "a\"", "w/\"a\"", "*, \"a\"", "\"a\" \"b\"", "\"a b\"", "\"a\"b"]
        {
            assert!(of(&[line], Comparison::Strong).is_err(), "{line}");
        }
    }

    #[test]
    fn only_changes_of_what_has_an_edition_may_expect_something() {
        assert!(takes(&Method::PUT, "/v1/limits/{on}"));
        assert!(takes(&Method::DELETE, "/windlass/v1/queues/{name}/bound"));
        assert!(!takes(&Method::POST, "/v1/limits/{on}/close"));
        assert!(!takes(&Method::DELETE, "/v1/tokens/{name}"));
    }
}
