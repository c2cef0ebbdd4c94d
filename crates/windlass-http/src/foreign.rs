//! Requests that a page of somebody else's makes in a browser: they are refused.
//!
//! A page can send a browser anywhere, also to an address that only this machine reaches. What a browser says of where a request
//! comes from tells such a one apart: its `Host` where a name of the page's own leads here, its `Origin` and `Sec-Fetch-Site`
//! where it asks for something to be done.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::exchange;
use crate::inside::Tried;
use crate::problem::{Code, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names that a server on an address of this machine answers to.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    /// Those of a server that only this machine reaches; `None` where others reach it: a proxy stands before that.
    pub(crate) fn of(address: SocketAddr) -> Option<Self> {
        let port = address.port();
        let own = match address.ip() {
            IpAddr::V4(ip) => format!("{ip}:{port}"),
            IpAddr::V6(ip) => format!("[{ip}]:{port}"),
        };
        let mut names = vec![
            own,
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}"),
            format!("[::1]:{port}"),
        ];
        if port == 80 {
            // Nobody writes it out.
            let bare: Vec<String> =
                names.iter().map(|name| name.trim_end_matches(":80").to_owned()).collect();
            names.extend(bare);
        }
        address.ip().is_loopback().then(|| Self(names.into()))
    }

    fn has(&self, host: &str) -> bool {
        self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Refuses a request for another name than the server's.
pub(crate) async fn only_own_hosts(
    State(hosts): State<Hosts>,
    request: Request,
    next: Next,
) -> Response {
    if host_of(&request).is_some_and(|host| hosts.has(host)) {
        return next.run(request).await;
    }
    // It stands before all else, where no request has an id yet.
    let detail = "the Host header names no address of this server";
    let problem = Problem::new(Code::Forbidden, detail);
    problem.written(request.uri().path(), &exchange::request_id())
}

/// The host that a request is for. One that names two, or another in its target, is for none.
fn host_of(request: &Request) -> Option<&str> {
    let mut said = request.headers().get_all(header::HOST).iter();
    let host = said.next()?.to_str().ok()?;
    let target = request.uri().authority().is_none_or(|authority| authority.as_str() == host);
    (said.next().is_none() && target).then_some(host)
}

/// Refuses what a page from elsewhere asks to be done.
pub(crate) async fn no_foreign_acts(request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        || request.extensions().get::<Tried>().is_some();
    if is_safe {
        return next.run(request).await;
    }
    match only_own_pages(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses what a browser sends for a page of another origin.
pub(crate) fn only_own_pages(headers: &HeaderMap) -> Result<(), Problem> {
    let detail = "a page of another origin may not do this";
    match is_foreign(headers) {
        true => Err(Problem::new(Code::Forbidden, detail)),
        false => Ok(()),
    }
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let said = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = said(SEC_FETCH_SITE);
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let host = said(header::HOST).unwrap_or_default();
    said(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.split_once("://").map_or("", |(_, authority)| authority);
        origin.is_empty() || !origin.eq_ignore_ascii_case(host)
    })
}

/// Whether a browser says that a page of this server's own sends it. What says nothing does not count as one.
pub(crate) fn is_own(headers: &HeaderMap) -> bool {
    let says = headers.contains_key(header::ORIGIN) || headers.contains_key(SEC_FETCH_SITE);
    says && !is_foreign(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(headers: &[(HeaderName, &str)]) -> bool {
        let mut all = HeaderMap::new();
        all.insert(header::HOST, "127.0.0.1:7700".parse().expect("a value"));
        for (name, value) in headers {
            all.insert(name, value.parse().expect("a value"));
        }
        is_foreign(&all)
    }

    /// S-04: what comes of a page of somebody else's is told apart.
    #[test]
    fn a_page_from_elsewhere_is_foreign() {
        assert!(!foreign(&[]), "a program says nothing");
        assert!(!foreign(&[
            (header::ORIGIN, "http://127.0.0.1:7700"),
            (SEC_FETCH_SITE, "same-origin")
        ]));
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://127.0.0.1:7701",
            "http://127.0.0.1:7700.evil",
        ] {
            assert!(foreign(&[(header::ORIGIN, origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "x"] {
            assert!(foreign(&[(SEC_FETCH_SITE, site)]), "{site}");
        }
    }

    /// S-03: a server that only this machine reaches knows its names.
    #[test]
    fn a_server_of_this_machine_has_its_names() {
        let hosts = Hosts::of("127.0.0.1:7700".parse().expect("an address")).expect("it is one");
        for host in ["127.0.0.1:7700", "localhost:7700", "LOCALHOST:7700", "[::1]:7700"] {
            assert!(hosts.has(host), "{host}");
        }
        for host in
            ["evil.example:7700", "localhost", "localhost:7701", "127.0.0.1", "", "10.0.0.1:7700"]
        {
            assert!(!hosts.has(host), "{host}");
        }
        let plain = Hosts::of("127.0.0.1:80".parse().expect("an address")).expect("it is one");
        assert!(plain.has("localhost") && plain.has("127.0.0.1:80") && !plain.has("evil.example"));
        assert!(Hosts::of("10.0.0.1:7700".parse().expect("an address")).is_none());
    }
}
