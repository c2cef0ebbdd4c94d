//! Reads that a standby answers: which requests they are, how old an answer may be, and what says so.
//!
//! Who asks is checked with the primary. What the standby does not have, or cannot answer, the primary is asked.

pub(crate) mod described;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tokio::sync::OnceCell;
use tower::ServiceExt;
use windlass::standby::{Standby, Standing};
use windlass::store::Store;

use crate::access::Caller;
use crate::api::Api;
use crate::audit::watch::Peer;
use crate::conditional;
use crate::health::Check;
use crate::limits::READ_TIME;

/// Says that a standby has answered.
const ANSWERED_BY: HeaderName = HeaderName::from_static("windlass-read");
const STANDBY: HeaderValue = HeaderValue::from_static("standby");

/// What is never read from a standby: who may, how each store and its server are, and what is told while it happens.
const OF_PRIMARY: [&str; 7] =
    ["problems", "session", "status", "stores", "stream", "tokens", "users"];
/// Who waits for something is told when it is so on the primary.
const WAITING: &str = "/wait";

/// Who asks, as the primary knows them.
#[derive(Debug, Clone)]
pub(crate) struct Checked(pub(crate) Caller);

/// What is read from a standby, where there is one.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    api: Api,
    routes: Router<Api>,
    /// The same routes over the standby, made when it is asked first.
    over_standby: Arc<OnceCell<Router>>,
}

impl Reading {
    pub(crate) fn over(api: Api, routes: Router<Api>) -> Self {
        Self { api, routes, over_standby: Arc::default() }
    }

    /// What the standby answers; none where the primary is to be asked.
    async fn answer(&self, request: &Parts) -> Option<Response> {
        let standby = self.api.standby()?;
        let as_of = current(standby, oldest(&request.headers)).await?;
        let caller = self.api.caller(request).await.ok()?;
        let router = self.router(standby).await?;
        let asked = asked(request, caller);
        let Ok(Ok(mut response)) = tokio::time::timeout(READ_TIME, router.oneshot(asked)).await
        else {
            standby.rest();
            return None;
        };
        match response.status() {
            // What is new may not be there yet.
            StatusCode::NOT_FOUND | StatusCode::PRECONDITION_FAILED => return None,
            status if status.is_server_error() => {
                tracing::debug!(%status, "the standby could not answer: the primary is asked");
                return None;
            }
            _ => {}
        }
        // It was new enough before it was read; a slow answer may not be.
        if !oldest(&request.headers).allows(as_of) || as_of.elapsed() > standby.max_age() {
            return None;
        }
        let headers = response.headers_mut();
        headers.insert(header::AGE, HeaderValue::from(whole_seconds(as_of.elapsed())));
        headers.insert(ANSWERED_BY, STANDBY);
        Some(response)
    }

    async fn router(&self, standby: &Standby) -> Option<Router> {
        let make = async || {
            let routes = self.routes.clone().layer(from_fn(conditional::conditional));
            Some(routes.with_state(self.api.of_standby(standby.store()?)))
        };
        self.over_standby.get_or_try_init(async || make().await.ok_or(())).await.ok().cloned()
    }
}

/// Has the standby answer, or the rest.
pub(crate) async fn reading(
    State(reading): State<Reading>,
    request: Request,
    next: Next,
) -> Response {
    if !is_read(&request) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match reading.answer(&parts).await {
        Some(response) => response,
        None => next.run(Request::from_parts(parts, body)).await,
    }
}

/// Whether a standby may answer this request.
fn is_read(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    matches!(*request.method(), Method::GET | Method::HEAD) && is_read_from_standby(route)
}

/// Whether a standby may answer those who ask this route.
fn is_read_from_standby(route: &str) -> bool {
    // A program may have the API below a path of its own.
    let below = route.rfind("/v1/").and_then(|at| route.get(at + "/v1/".len()..));
    below.is_some_and(|below| {
        let noun = below.split('/').next().unwrap_or_default();
        !OF_PRIMARY.contains(&noun) && !below.ends_with(WAITING)
    })
}

/// The request without what its first route has left in it.
fn asked(request: &Parts, caller: Caller) -> Request {
    let mut asked = Request::new(axum::body::Body::empty());
    *asked.method_mut() = request.method.clone();
    *asked.uri_mut() = request.uri.clone();
    *asked.headers_mut() = request.headers.clone();
    asked.extensions_mut().insert(Checked(caller));
    if let Some(peer) = request.extensions.get::<Peer>() {
        asked.extensions_mut().insert(*peer);
    }
    asked
}

/// The moment up to which the standby has everything, where it is to be asked for what is no older than this.
async fn current(standby: &Standby, oldest: Oldest) -> Option<Instant> {
    if matches!(oldest, Oldest::Now | Oldest::Seconds(0)) {
        return None;
    }
    match standby.standing().await {
        Standing::Current(as_of) if oldest.allows(as_of) => Some(as_of),
        _ => None,
    }
}

/// How old an answer may be, as its caller says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oldest {
    Any,
    Seconds(u64),
    /// It has to be the primary's.
    Now,
}

impl Oldest {
    /// Whether an answer may be of this moment.
    fn allows(self, as_of: Instant) -> bool {
        match self {
            Self::Any => true,
            Self::Seconds(seconds) => whole_seconds(as_of.elapsed()) <= seconds,
            Self::Now => false,
        }
    }
}

/// `Cache-Control` of a request after RFC 9111, 5.2.1. What cannot be read asks for the primary.
fn oldest(headers: &HeaderMap) -> Oldest {
    let mut oldest = Oldest::Any;
    for line in headers.get_all(header::CACHE_CONTROL) {
        let Ok(line) = line.to_str() else { return Oldest::Now };
        for directive in line.split(',').map(str::trim) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("no-cache") {
                return Oldest::Now;
            }
            if name.eq_ignore_ascii_case("max-age") {
                let Some(seconds) = seconds(value) else { return Oldest::Now };
                oldest = match oldest {
                    Oldest::Seconds(other) => Oldest::Seconds(seconds.min(other)),
                    _ => Oldest::Seconds(seconds),
                };
            }
        }
    }
    oldest
}

/// A number of seconds, which may stand in quotes and be larger than any time.
fn seconds(value: &str) -> Option<u64> {
    let digits = value.trim_matches('"');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Never less than it is.
fn whole_seconds(age: Duration) -> u64 {
    age.as_secs() + u64::from(age.subsec_nanos() > 0)
}

impl Api {
    /// The store that numbers are read from now, where that is a standby.
    pub(crate) async fn store_to_read(&self) -> Option<Arc<dyn Store>> {
        let standby = self.standby()?;
        current(standby, Oldest::Any).await?;
        standby.store()
    }

    /// How the standby is, for the doctor.
    pub(crate) async fn standby_check(&self) -> Option<Check> {
        let standby = self.standby()?;
        Some(check(standby.standing().await, standby.max_age()))
    }
}

const CHECK: &str = "standby";

/// What the doctor says of a standby.
fn check(standing: Standing, max_age: Duration) -> Check {
    let unused = "the primary answers reads";
    let problem = |what: String, fix: &str| Check::problem(CHECK, what).fix(fix);
    match standing {
        Standing::Current(as_of) => {
            let age = whole_seconds(as_of.elapsed());
            Check::ok(CHECK, format!("answers reads, at most {age} s old"))
        }
        Standing::Unsure => {
            Check::ok(CHECK, "not used yet: how old it is is asked for while somebody reads")
        }
        Standing::Behind(behind) => {
            let (behind, max_age) = (whole_seconds(behind), max_age.as_secs());
            let what = format!(
                "{behind} s behind the primary, and reads may be {max_age} s old: {unused}"
            );
            problem(
                what,
                "see in its log why it does not replay what the primary writes, and whether the primary still sends it",
            )
        }
        Standing::Away(reason) => {
            problem(format!("away: {reason}; {unused}"), "start it, or take read_url out")
        }
        Standing::Unfit(reason) => problem(
            format!("not used: {reason}; {unused}"),
            "let read_url name a standby of the store's server, or take it out",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Oldest {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CACHE_CONTROL, line.parse().expect("a value"));
        }
        oldest(&headers)
    }

    /// RFC 9111, 5.2.1: what a request says of how old its answer may be.
    #[test]
    fn a_request_says_how_old_its_answer_may_be() {
        assert_eq!(of(&[]), Oldest::Any);
        assert_eq!(of(&["no-store, only-if-cached"]), Oldest::Any);
        assert_eq!(of(&["No-Cache"]), Oldest::Now);
        assert_eq!(of(&["max-age=5", "Max-Age = \"3\""]), Oldest::Seconds(3));
        assert_eq!(of(&["max-age=3, max-age=5"]), Oldest::Seconds(3));
        assert_eq!(of(&["max-age=5, no-cache"]), Oldest::Now);
        assert_eq!(of(&["max-age=99999999999999999999"]), Oldest::Seconds(u64::MAX));
        for unreadable in ["max-age", "max-age=", "max-age=-1", "max-age=soon"] {
            assert_eq!(of(&[unreadable]), Oldest::Now, "{unreadable}");
        }
    }

    #[test]
    fn who_may_and_who_waits_is_not_for_a_standby() {
        for route in ["/v1/jobs", "/windlass/v1/jobs/{id}", "/v1/queues", "/v1/audit/verify"] {
            assert!(is_read_from_standby(route), "{route}");
        }
        for route in [
            "/v1/jobs/{id}/wait",
            "/v1/problems",
            "/v1/session",
            "/v1/status",
            "/v1/tokens/{name}",
            "/v1/users",
            "/v1/stores",
            "/v1/stream",
            "/healthz",
            "/readyz",
            "",
        ] {
            assert!(!is_read_from_standby(route), "{route}");
        }
    }

    /// An answer is as old as it is told to be, also where it has taken long.
    #[test]
    fn an_answer_is_no_older_than_was_asked_for() {
        let as_of = Instant::now();
        assert!(Oldest::Any.allows(as_of) && Oldest::Seconds(3).allows(as_of));
        assert!(!Oldest::Seconds(0).allows(as_of) && !Oldest::Now.allows(as_of));
    }

    /// An age is never told as less than it is.
    #[test]
    fn an_age_is_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_millis(2_001)), 3);
    }
}
