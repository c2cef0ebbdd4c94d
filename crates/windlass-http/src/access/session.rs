//! Sessions of users who signed in: a secret in a cookie that a script cannot read.

use axum::extract::MatchedPath;
use axum::http::header;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use windlass::Timestamp;
use windlass::limits::SESSION_TIME;
use windlass::store::{Now, Store};
use windlass::token::TokenDigest;

use super::Caller;
use super::secret::{Secret, digest};
use crate::problem::{Code, Problem};

/// A browser takes it only over TLS, from this very host, for all of its paths.
const OVER_TLS: &str = "__Host-windlass";
/// The same for an address that only this machine reaches.
const PLAIN: &str = "windlass";

/// Sent by the script of pages with all that it asks for.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const STREAM: &str = "/v1/stream";

const fn name(over_tls: bool) -> &'static str {
    if over_tls { OVER_TLS } else { PLAIN }
}

/// The digest of the secret that a request's cookie has.
pub(super) fn secret(headers: &HeaderMap, over_tls: bool) -> Option<TokenDigest> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut own = all.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
        let (key, value) = cookie.trim().split_once('=')?;
        (key == name(over_tls)).then_some(value)
    });
    // Of two, one was put there by somebody else.
    own.next().filter(|_| own.next().is_none()).map(digest)
}

/// What a browser asks for with nobody asking it to: an open page that is shown again, and the stream that it listens to. That keeps
/// no session alive: it would never end beside a page that somebody has left open.
pub(super) fn is_unattended(request: &Parts) -> bool {
    // The path of a handler is without what its router lies below.
    let matched = request.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let route = matched.unwrap_or(request.uri.path());
    request.headers.contains_key(HX_REQUEST) || route.ends_with(STREAM)
}

/// Whose session this is; it lives on for being used by this request.
pub(super) async fn caller(
    digest: TokenDigest,
    (request, store): (&Parts, &dyn Store),
) -> Result<Caller, Problem> {
    let over = || Problem::new(Code::Unauthorized, "the session is over: sign in again");
    let now = Timestamp::wall_clock();
    let found = store.session(digest).await?.filter(|session| session.holds(now));
    let session = found.ok_or_else(over)?;
    if session.is_stale(now) && !is_unattended(request) {
        store.use_session(digest, Now::Database).await?;
    }
    Ok(Caller::of_session((digest, session.ends_at()), &session.user))
}

/// The header that puts a session's secret into a browser.
pub(crate) fn kept(secret: &Secret, over_tls: bool) -> Result<HeaderValue, Problem> {
    cookie(over_tls, secret.as_str(), SESSION_TIME.as_secs())
}

/// The header that takes it out again.
pub(crate) fn gone(over_tls: bool) -> Result<HeaderValue, Problem> {
    cookie(over_tls, "", 0)
}

fn cookie(over_tls: bool, value: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    let secure = if over_tls { "; Secure" } else { "" };
    let name = name(over_tls);
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let failed = |_| Problem::new(Code::Internal, "the cookie could not be written");
    let mut header = HeaderValue::try_from(text).map_err(failed)?;
    header.set_sensitive(true);
    Ok(header)
}

/// Whether a browser says that a page of this very server sends the request, or that its user does.
pub(super) fn is_of_own_page(request: &Parts) -> bool {
    crate::foreign::is_own(&request.headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cookies: &[&str], over_tls: bool) -> Option<TokenDigest> {
        let mut headers = HeaderMap::new();
        for one in cookies {
            headers.append(header::COOKIE, one.parse().expect("a value"));
        }
        secret(&headers, over_tls)
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let own = Some(digest("wls_x"));
        assert_eq!(found(&["a=b; windlass=wls_x; c=d"], false), own);
        assert_eq!(found(&["a=b", "windlass=wls_x"], false), own);
        assert_eq!(found(&["__Host-windlass=wls_x"], true), own);
        assert_eq!(found(&["windlass=wls_x"], true), None, "it could be from a neighbour");
        assert_eq!(found(&["windlass=wls_x; windlass=wls_y"], false), None);
        assert_eq!(found(&["xwindlass=wls_x", "windlass", ""], false), None);
    }

    #[test]
    fn a_cookie_is_for_this_host_alone() {
        let secret = Secret::of_session().expect("random");
        let text = |over_tls| {
            kept(&secret, over_tls).expect("a header").to_str().expect("ASCII").to_owned()
        };
        assert!(secret.as_str().starts_with("wls_"));
        assert_eq!(
            text(true),
            format!(
                "__Host-windlass={}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure",
                secret.as_str()
            )
        );
        assert!(!text(false).contains("Secure") && text(false).contains("HttpOnly"));
        assert_eq!(
            gone(false).expect("a header"),
            "windlass=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }
}
